"""The offline assistant as a chat model like any other."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

from chat.llm.offline.classifier import classifier
from chat.llm.offline.conversation import ABOUT, BEFORE, About, Conversation, LookedUp, read
from chat.llm.offline.planning import next_step
from chat.llm.offline.reading import Understanding
from chat.llm.offline.steps import Calls, Step
from chat.llm.offline.understanding import wishes
from chat.llm.offline.word_classes import table as word_classes
from chat.llm.offline.wording.talk import CANNOT_LOOK_UP

# A sentence at a time: they are all there at once, and each chunk has its price on the way.
SENTENCES = re.compile(r".+?(?:[.!?](?=\s)|\n|\Z)\s*", re.DOTALL)


def create() -> "OfflineModel":
    """The model with its tables read, so that no customer waits for them."""
    classifier()
    word_classes()
    return OfflineModel()


class OfflineModel(BaseChatModel):
    """Answers customers by rules. Without tools it can only talk; facts come from tools alone."""

    tool_names: frozenset[str] = frozenset()

    # What was understood in the step before: a turn's steps differ in what was looked up alone.
    _understood: tuple[Conversation, tuple[Understanding, ...]] | None = PrivateAttr(None)

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        names = frozenset(tool.name for tool in tools if isinstance(tool, BaseTool))
        return self.model_copy(update={"tool_names": names})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        first, *rest = (chunk.message for chunk in self._stream(messages))
        whole = first + rest
        return ChatResult(
            generations=[
                ChatGeneration(
                    message=AIMessage(
                        content=whole.content,
                        tool_calls=getattr(whole, "tool_calls", []),
                        response_metadata=whole.response_metadata,
                    )
                )
            ]
        )

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(*self._step(messages)):
            yield ChatGenerationChunk(message=chunk)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages):
            yield chunk

    def _step(self, messages: Sequence[BaseMessage]) -> tuple[Step | None, Sequence[About]]:
        """What to do now, and what earlier replies were about."""
        talked = read(messages)
        asked = replace(talked, looked_up=LookedUp())
        if self._understood is None or self._understood[0] != asked:
            self._understood = (asked, wishes(talked))
        step: Step | None = next_step(self._understood[1], talked)
        if isinstance(step, Calls) and not {name for name, _ in step.tools} <= self.tool_names:
            step = None
        return step, talked.earlier


def _chunks(step: Step | None, earlier: Sequence[About]) -> Iterator[AIMessageChunk]:
    """The words; the last chunk carries what the reply was about, and what those before it were,
    which may be out of sight when the next one is made."""
    if isinstance(step, Calls):
        yield AIMessageChunk(
            content="",
            tool_call_chunks=[
                tool_call_chunk(
                    name=name, args=json.dumps(arguments), id=f"call_{uuid4().hex}", index=index
                )
                for index, (name, arguments) in enumerate(step.tools)
            ],
            response_metadata={"model_name": "offline", "finish_reason": "tool_calls"},
        )
        return
    for sentence in SENTENCES.findall(step.text if step else CANNOT_LOOK_UP):
        yield AIMessageChunk(content=sentence)
    metadata: dict[str, Any] = {"model_name": "offline", "finish_reason": "stop"}
    if step:
        metadata[ABOUT] = step.about.as_json()
    if earlier:
        metadata[BEFORE] = [about.as_json() for about in earlier]
    yield AIMessageChunk(content="", response_metadata=metadata)
