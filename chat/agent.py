"""The loop of model and tools: a conversation in, the events of its next answer out.

It knows neither Django nor Redis. Three rules stand above the rest: nothing that the model or a
tool does wrong may crash a turn, no tool call leaves here without its answer, for providers refuse
a conversation that holds one, and no word leaves here that the guard has not let go.
"""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.tools import BaseTool, ToolException
from pydantic import ValidationError

from chat.errors import ModelUnavailable
from chat.guard.exit import Withheld
from chat.llm.reply import Call, Reply, clean, for_the_log, new_id

logger = logging.getLogger(__name__)

TOO_SLOW = "The assistant did not answer in time. Please try again in a moment."
OUT_OF_STEPS = (
    "I looked up several things, but could not bring it to an end. Please ask me for one thing at"
    " a time, or tell me that you would like a person to look into it."
)

# What a model is asked to see whether it is there.
HELLO = "Say hello."
# What providers' clients raise when a reply does not come to its end.
BROKEN_OFF = ("ProviderFailed", "ServerDisconnectedError", "ClientPayloadError")
# HTTP statuses with which a provider refuses what it was sent: too long, or filtered.
THIS_CONVERSATION = (400, 413, 422)
# The protocol's words for the same, where they come within a stream.
THIS_CONVERSATIONS_CODES = ("context_length_exceeded", "content_filter")


@dataclass(slots=True)  # not frozen: that doubles its cost, and there is one for each token
class TextDelta:
    """A piece of what the assistant says; ``message_id`` is that of the message to come."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool begins; ``message_id`` is that of the AI message which called it.

    ``arguments`` is a JSON object as text.
    """

    message_id: str
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool has answered; ``message_id`` is that of its ToolMessage, which follows."""

    message_id: str
    call_id: str
    content: str
    artifact: Any


@dataclass(frozen=True, slots=True)
class MessageFinished:
    """A whole message: all of these, in order, are what goes into the history."""

    message: BaseMessage


Event = TextDelta | ToolStarted | ToolFinished | MessageFinished


class WayOut(Protocol):
    """Where the words of one reply leave: :class:`chat.guard.exit.Exit`."""

    async def say(self, text: str) -> str: ...
    async def end(self) -> str: ...


class Guard(Protocol):
    """What an answer must pass on its way to the customer: :class:`chat.guard.guard.Guard`.

    Each raises :class:`chat.guard.exit.Withheld` where something may not leave.
    """

    def exit(self) -> "WayOut": ...
    async def check_call(self, arguments: str) -> None: ...
    async def check_result(self, content: str) -> None: ...
    async def report(self, withheld: Withheld, said: str) -> None: ...


async def answer(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    messages: Sequence[BaseMessage],
    guard: Guard,
    *,
    max_steps: int,
    timeout: float,  # noqa: ASYNC109 - bounds each wait, not the answer
) -> AsyncGenerator[Event, None]:
    """Answer the last of ``messages``; the last event is a MessageFinished without tool calls.

    ``max_steps`` is how often the model may be asked before the assistant gives up in words;
    ``timeout`` how many seconds the model may be silent, and how many a tool may take.

    Raises ``ModelUnavailable`` where the model fails, is silent, or says nothing at all, and
    ``Withheld`` where the guard does not let its words go.
    """
    by_name = {tool.name: tool for tool in tools}
    bound = model.bind_tools(tools) if tools else model
    said = list(messages)
    for _ in range(max_steps):
        reply, leaving = Reply(), guard.exit()
        async with aclosing(_stream(bound, said, timeout)) as chunks:
            async for chunk in chunks:
                if text := await leaving.say(reply.take(chunk)):
                    yield TextDelta(reply.message_id, text)
                if reply.too_long:
                    break
        if text := await leaving.say(_finish(reply)) + await leaving.end():
            yield TextDelta(reply.message_id, text)
        for call in reply.calls:
            await guard.check_call(f"{call.name} {_as_json(call.arguments)}")
        yield MessageFinished(reply.message)
        if not reply.calls:
            return
        said.append(reply.message)
        async with aclosing(_run_tools(reply, by_name, guard, timeout)) as events:
            async for event in events:
                if isinstance(event, MessageFinished):
                    said.append(event.message)
                yield event

    message = AIMessage(OUT_OF_STEPS, id=new_id())
    yield TextDelta(str(message.id), OUT_OF_STEPS)
    yield MessageFinished(message)


async def ask(model: BaseChatModel, *, timeout: float) -> None:  # noqa: ASYNC109 - as above
    """Asks the model something of our own, and returns when it begins to answer.

    Raises ``ModelUnavailable`` where it does not.
    """
    async with aclosing(_stream(model, [HumanMessage(HELLO)], timeout)) as chunks:
        async for chunk in chunks:
            if str(chunk.text):
                return


async def _stream(
    model: Runnable[Any, AIMessage],
    messages: list[BaseMessage],
    patience: float,
) -> AsyncGenerator[BaseMessage, None]:
    """What the model says, chunk by chunk; any failure of it is ``ModelUnavailable``."""
    silence = Silence(patience)
    try:
        async with aclosing(_chunks(model, messages)) as chunks:
            while True:
                with silence:
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                yield chunk if isinstance(chunk, BaseMessage) else _message(chunk)
    except Exception as error:  # noqa: BLE001 - providers' errors have no common base
        raise _unavailable(error) from None
    finally:
        silence.end()


class Silence:
    """Lets nobody wait for the model's next word for longer than ``patience`` seconds.

    ``with silence:`` stands around each wait, and raises TimeoutError. What others do with a word
    does not count. One timer for all of them: one for each costs more than the word.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._since = 0.0
        self._expired = False
        self._timer = self._loop.call_later(patience, self._look)

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        assert self._task is not None  # noqa: S101
        self._cancelling = self._task.cancelling()
        self._since = self._loop.time()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        task, self._task = self._task, None
        if self._expired and task is not None:
            self._expired = False
            # As asyncio.timeout: somebody else's cancellation goes on.
            if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from None

    def end(self) -> None:
        """Nobody waits any more."""
        self._timer.cancel()

    def _look(self) -> None:
        left = self._since + self._patience - self._loop.time()
        if self._task is not None and left <= 0:
            self._expired = True
            self._task.cancel()
        else:
            self._timer = self._loop.call_later(max(left, self._patience / 10), self._look)


def _chunks(model: Runnable[Any, AIMessage], messages: list[BaseMessage]) -> Any:
    """The generator of the model's chunks, by the method that providers implement.

    ``astream`` around it serves callbacks and tracing, of which there are none here, at the price
    of a quarter of a turn (docs/decisions/0018-chunks-straight-from-the-provider.md).
    """
    bound = model.kwargs if isinstance(model, RunnableBinding) else {}
    provider = model.bound if isinstance(model, RunnableBinding) else model
    if isinstance(provider, BaseChatModel) and provider._should_stream(async_api=True, stream=True):
        # Closed, it hangs up at once.
        return provider._astream(messages, **bound)
    return model.astream(messages)


def _message(chunk: ChatGenerationChunk) -> BaseMessage:
    if chunk.generation_info:
        # Why the reply ended, among others, where ``astream`` puts it too.
        chunk.message.response_metadata = chunk.generation_info | chunk.message.response_metadata
    return chunk.message


def _finish(reply: Reply) -> str:
    try:
        return reply.finish()
    except ModelUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - chunks that do not fit together: the provider's
        raise _unavailable(error) from None


def _unavailable(error: Exception) -> ModelUnavailable:
    status, code = getattr(error, "status_code", None), getattr(error, "protocol_code", None)
    logger.warning(
        "the model failed: %s, HTTP status %s, code %s",
        _kind(error),
        status or "none",
        for_the_log(code),
    )
    name = type(error).__name__
    # Providers' clients have time-outs of their own, which are no TimeoutError.
    if "Timeout" in name:
        return ModelUnavailable(TOO_SLOW, kind="time-out")
    its_own = status in THIS_CONVERSATION or code in THIS_CONVERSATIONS_CODES
    if status:
        kind = f"HTTP {status}"
    elif "Connect" in name:
        kind = "no connection"
    else:
        kind = "broken off" if name in BROKEN_OFF or isinstance(error, OSError) else name
    return ModelUnavailable(kind=f"{kind}, {code}" if code else kind, outage=not its_own)


def _kind(error: Exception) -> str:
    """The error's type and where it was raised, without its text.

    Providers put keys into theirs, and databases and parsers the customer's words.
    """
    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    return f"{kind} at {frames[-1].filename}:{frames[-1].lineno}" if frames else kind


async def _run_tools(
    reply: Reply,
    tools: Mapping[str, BaseTool],
    guard: Guard,
    patience: float,
) -> AsyncGenerator[ToolStarted | ToolFinished | MessageFinished, None]:
    """Run the reply's calls side by side; their answers come in the order of the calls."""
    for call in reply.calls:
        yield ToolStarted(reply.message_id, call.id, call.name, _as_json(call.arguments))
    tasks = [asyncio.create_task(_run_tool(call, tools, guard, patience)) for call in reply.calls]
    try:
        for call, task in zip(reply.calls, tasks, strict=True):
            message = await task
            yield ToolFinished(str(message.id), call.id, str(message.text), message.artifact)
            yield MessageFinished(message)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_tool(
    call: Call,
    tools: Mapping[str, BaseTool],
    guard: Guard,
    patience: float,
) -> ToolMessage:
    """The tool's answer, or one that tells the model what went wrong and what to do."""
    tool = tools.get(call.name)
    if call.problem:
        problem = call.problem
    elif tool is None:
        problem = f"There is no tool {call.name}. The tools are: {', '.join(tools) or 'none'}."
    else:
        request = ToolCall(type="tool_call", id=call.id, name=call.name, args=call.arguments)
        try:
            async with asyncio.timeout(patience):
                message = await tool.ainvoke(request)
            if not isinstance(message, ToolMessage):
                raise TypeError(f"a tool returned {type(message).__name__}")
            message = message.model_copy(update={"id": new_id(), "content": clean(message.content)})
            await guard.check_result(str(message.text))
            return message
        except ValidationError as error:
            problem = f"Wrong arguments: {_complaints(error)}. Call the tool again."
        except ToolException as error:
            problem = str(error)
        except Withheld as withheld:
            await guard.report(withheld, "")
            problem = "This cannot be shown. Say so, and offer to ask a person."
        except Exception as error:  # noqa: BLE001 - a tool's failure must not end the turn
            logger.warning("the tool %s failed: %s", call.name, _kind(error))
            problem = "This does not work right now. Say so, and do not guess the answer."
    return ToolMessage(
        clean(problem), tool_call_id=call.id, name=call.name, status="error", id=new_id()
    )


def _as_json(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, ensure_ascii=False)


def _complaints(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
