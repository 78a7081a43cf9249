"""One reply of a model: its chunks, made into a whole message that is fit for the history.

Models break every rule now and then: arguments that are no JSON, tool names that do not exist,
halves of characters, no words at all. What leaves here can be stored, shown and sent back to any
provider.
"""

import json
import logging
import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ToolCall,
    message_chunk_to_message,
)

from chat.errors import ModelUnavailable

logger = logging.getLogger(__name__)

# Characters of one reply, its calls' arguments included. A model that goes on for longer will not
# come to an end by itself, as small ones do now and then.
LONGEST_TEXT = 40_000
# Calls that a model may make in one step; each one beyond is answered with an error.
MAX_CALLS = 10

TOO_LONG = " … (My answer grew too long and ends here. Tell me to go on, and I will.)"
STOPPED = " … (I had to stop here. Please ask me in other words.)"
# A provider's code, such as content_filter or context_length_exceeded.
CODE = re.compile(r"[a-z0-9_]{1,40}", re.IGNORECASE)
# The providers' words for why a reply ended early: OpenAI's finish_reason, Anthropic's stop_reason.
CUT_SHORT = {"length": TOO_LONG, "max_tokens": TOO_LONG, "content_filter": STOPPED}

NOT_TEXT = re.compile("[\0\ud800-\udfff]")
NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")  # OpenAI's rule for tool names, with 64 characters


def new_id() -> str:
    """An id for a message or a call: our own, for some servers give every reply the same."""
    return uuid4().hex


def clean(value: Any) -> Any:
    """JSON without U+0000 and lone surrogates, which neither UTF-8 nor PostgreSQL can hold."""
    match value:
        case str():
            if (value.isascii() and "\0" not in value) or not NOT_TEXT.search(value):
                return value
            pairs_joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            return pairs_joined.replace("\0", "")
        case dict():
            return {clean(key): clean(item) for key, item in value.items()}
        case list():
            return [clean(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call as it goes into the history; ``problem`` says why it cannot be run."""

    id: str
    name: str
    arguments: dict[str, Any]
    problem: str = ""


def for_the_log(code: object) -> str:
    """A provider's code; what has not the shape of one may be anybody's words."""
    if not code:
        return "none"
    return code if isinstance(code, str) and CODE.fullmatch(code) else "of no known shape"


class Reply:
    """Takes the chunks of one reply; after ``finish``, ``message`` and ``calls`` are whole.

    The texts that ``take`` and ``finish`` return make up exactly the text of ``message``.
    """

    def __init__(self) -> None:
        self.message_id = new_id()
        self.message = AIMessage(content="", id=self.message_id)
        self.calls: list[Call] = []
        self._chunks: list[BaseMessage] = []
        self._half = ""  # of a surrogate pair: the other half comes with the next chunk
        self._length = 0

    def take(self, chunk: BaseMessage) -> str:
        """Keep a chunk; returns what can be said of it now."""
        self._chunks.append(chunk)
        if isinstance(chunk, AIMessageChunk) and chunk.tool_call_chunks:
            self._length += sum(len(call["args"] or "") for call in chunk.tool_call_chunks)
        text = self._half + (chunk.content if isinstance(chunk.content, str) else str(chunk.text))
        self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        self._length += len(text)
        return str(clean(text[:-1] if self._half else text))

    @property
    def too_long(self) -> bool:
        """Whether the model has said more than one reply may have: listen no longer."""
        return self._length > LONGEST_TEXT

    def finish(self) -> str:
        """Make the whole message and its calls; returns what remains to be said.

        Raises ``ModelUnavailable`` where the model neither said anything nor called a tool, and
        TypeError or ValueError where its chunks do not fit together.
        """
        whole = self._merged()
        self.calls = _calls(whole)
        message = message_chunk_to_message(whole)
        if not isinstance(message, AIMessage):
            raise TypeError(f"the model replied with a {message.type} message")
        reason = str(message.response_metadata.get("finish_reason") or "")
        text = str(message.text)
        if not text.strip() and not self.calls:
            logger.warning("the model said nothing: finish reason %s", for_the_log(reason))
            raise ModelUnavailable(kind="no words", outage=False)
        postscript = TOO_LONG if self.too_long else CUT_SHORT.get(reason, "")
        postscript = "" if self.calls else postscript
        as_they_were = not postscript and not any(call.problem for call in self.calls)
        self.message = AIMessage(
            # Content blocks repeat the calls, so blocks stay only where nothing was mended.
            content=clean(message.content if as_they_were else text + postscript),
            id=self.message_id,
            tool_calls=[
                ToolCall(type="tool_call", id=call.id, name=call.name, args=call.arguments)
                for call in self.calls
            ],
            additional_kwargs=clean(
                {k: v for k, v in message.additional_kwargs.items() if k != "tool_calls"}
            ),
            response_metadata=clean(message.response_metadata),
            usage_metadata=message.usage_metadata,
        )
        return str(clean(self._half)) + postscript

    def _merged(self) -> BaseMessage:
        first, *rest = self._chunks
        if not isinstance(first, AIMessageChunk):
            return first  # a model that does not stream
        # All at once: one by one would copy the text so far for every chunk.
        return first + rest


def _calls(whole: BaseMessage) -> list[Call]:
    """The tool calls of a reply, each fit for the history, be it fit to run or not."""
    found: list[tuple[str | None, str | None, Any]] = []
    if isinstance(whole, AIMessageChunk):
        # Not ``tool_calls``: those complete a JSON that was cut off, and "1018" cut to "10" is
        # another order.
        found = [(c["id"], c["name"], c["args"] or "{}") for c in whole.tool_call_chunks]
    elif isinstance(whole, AIMessage):
        found = [(c["id"], c["name"], c["args"]) for c in whole.tool_calls]
        found += [(c["id"], c["name"], c["args"]) for c in whole.invalid_tool_calls]
    calls: list[Call] = []
    for call_id, name, raw in found:
        arguments, problem = _arguments(raw)
        if len(calls) >= MAX_CALLS:
            problem = f"Not run: at most {MAX_CALLS} calls at once."
        if not call_id or any(call.id == call_id for call in calls):
            call_id = f"call_{new_id()}"
        name = NOT_IN_A_NAME.sub("_", name or "")[:64] or "unknown"
        calls.append(Call(str(clean(call_id)), name, arguments, problem))
    return calls


def _arguments(raw: Any) -> tuple[dict[str, Any], str]:
    """The arguments of a call, and what is wrong with them."""
    if not isinstance(raw, dict):
        try:
            raw = json.loads(raw or "")
        except (ValueError, RecursionError) as error:
            return {}, f"The arguments are not valid JSON ({error}). Call the tool again."
    if not isinstance(raw, dict):
        return {}, "The arguments must be a JSON object. Call the tool again."
    return clean(raw), ""
