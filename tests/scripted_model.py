"""A chat model with a queue: each call streams the next script and remembers what it was asked."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

# A piece of a script: words, a chunk, an error to raise, or something to wait for.
Piece = str | AIMessageChunk | Exception | Callable[[], Any]


def calls(*named: tuple[str, str], start: int = 0) -> AIMessageChunk:
    """A chunk that calls tools: ``calls(("get_order", '{"order_number": "1018"}'))``."""
    return AIMessageChunk(
        content="",
        tool_call_chunks=[
            {"name": name, "args": args, "id": f"call-{index}", "index": index}
            for index, (name, args) in enumerate(named, start)
        ],
    )


class ScriptedChatModel(BaseChatModel):
    """``ScriptedChatModel(["Hello ", "Alice."], [calls(("list_orders", "{}"))])``."""

    _scripts: deque[Sequence[Piece]] = PrivateAttr()
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _tools: list[str] = PrivateAttr(default_factory=list)

    def __init__(self, *scripts: Sequence[Piece]) -> None:
        super().__init__()
        self._scripts = deque(scripts)

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """The messages of each call so far."""
        return self._asked

    @property
    def tools(self) -> list[str]:
        """The names of the tools it was given."""
        return self._tools

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        self._tools = [tool.name for tool in tools if isinstance(tool, BaseTool)]
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("it only streams")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._asked.append(list(messages))
        for piece in self._scripts.popleft():
            if isinstance(piece, Exception):
                raise piece
            if callable(piece):
                await piece()
                continue
            chunk = AIMessageChunk(content=piece) if isinstance(piece, str) else piece
            yield ChatGenerationChunk(message=chunk)
