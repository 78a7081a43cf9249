"""OpenAI, and every server that speaks its chat completions protocol (vLLM, Ollama, llama.cpp)."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from chat.llm.completions import PAUSE, RETRIES, Completions

OPENAI = "https://api.openai.com/v1"
CONNECTS_WITHIN = 5.0  # seconds


def create(
    model: str, *, api_key: str, base_url: str, timeout: float, pause: float = PAUSE
) -> "ProtocolChatModel":
    """The chat model ``model`` at ``base_url``, or at OpenAI where that is empty.

    A server of one's own may need no key. ``timeout`` is in seconds without a byte, ``pause`` in
    seconds before the first retry.
    """
    connects_within = min(timeout, CONNECTS_WITHIN)
    made = ProtocolChatModel(
        model=model,
        base_url=base_url or OPENAI,
        api_key=SecretStr(api_key or "none"),
        timeout=httpx.Timeout(timeout, connect=connects_within),
        max_retries=RETRIES,
        temperature=None,  # models that reason refuse it, and langchain-openai sends it to some
        use_responses_api=False,  # what other servers speak is chat completions
    )
    headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
    if made.openai_organization:
        headers["openai-organization"] = made.openai_organization
    made._completions = Completions(
        base_url or OPENAI, headers, connects_within=connects_within, pause=pause
    )
    return made


class ProtocolChatModel(ChatOpenAI):
    """ChatOpenAI, whose replies are read by :class:`Completions`; made by :func:`create`."""

    _completions: Completions = PrivateAttr()

    async def aclose(self) -> None:
        """Closes the connections to the provider."""
        await self._completions.aclose()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        payload = self._get_request_payload(
            messages,
            stop=stop,
            **kwargs,
            stream=True,
            stream_options={"include_usage": True},
        )
        async with aclosing(self._completions.stream(payload)) as chunks:
            async for chunk in chunks:
                # Refuses what is of the wrong type, which ends the reply.
                converted = self._convert_chunk_to_generation_chunk(chunk, AIMessageChunk, None)
                if converted is not None:
                    yield converted
