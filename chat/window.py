"""What the model sees of a conversation: its newest messages, so many of them and of tokens.

A window begins at a human message, and the newest message always stands in it. No tool call is
parted from its answer, for both belong to what was said after one human message.
"""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from chat import marks
from chat.conversations import Turn
from chat.history import readable_by_models

# "1 token ~= 4 chars in English", says OpenAI
# (https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them). Bytes of
# UTF-8 in place of characters, for a letter of other scripts is more of a token. Counted so, every
# model and every process counts the same, and nothing need be downloaded.
BYTES_A_TOKEN = 4
# For a message's role and what parts it from the next, as
# https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken reckons it.
TOKENS_A_MESSAGE = 4
# Of an old tool result, where there is no room for all of it.
SHORT = 200
SHORTENED = " … (shortened; look it up again)"

# Stands for an answer that was not given; or was begun anew, and is there whole.
UNSEEN = {marks.FAILED, marks.REPLACED}


def tokens(message: BaseMessage) -> int:
    """About as many as a model counts for the message."""
    content = message.content
    size = _bytes(content if isinstance(content, str) else str(message.text))
    if isinstance(message, AIMessage):
        size += sum(len(call["name"]) + _bytes(str(call["args"])) for call in message.tool_calls)
    return TOKENS_A_MESSAGE + size // BYTES_A_TOKEN


def begins(messages: Sequence[BaseMessage], *, count: int, limit: int) -> int:
    """The index of the human message from which on all are within the bounds.

    ``count`` is in messages, ``limit`` in tokens. As many as there are messages, where not even
    the newest human message and its answer are.
    """
    found = len(messages)
    for index in range(len(messages) - 1, max(-1, len(messages) - count - 1), -1):
        limit -= tokens(messages[index])
        if limit < 0:
            break
        if isinstance(messages[index], HumanMessage):
            found = index
    return found


def view(turn: Turn, limit: int) -> tuple[list[BaseMessage], bool]:
    """What the model sees, the message to answer last; and whether there was more before it.

    ``limit`` is in tokens. Where it is passed, results that tools gave in earlier turns are
    shortened first, the oldest before the others: they are out of date anyway.
    """
    earlier = [
        message
        for message in turn.window
        if message.id != turn.message.id and not UNSEEN & message.additional_kwargs.keys()
    ]
    spare = limit - tokens(turn.message)
    over = sum(map(tokens, earlier)) - spare
    for index, message in enumerate(earlier):
        if over <= 0:
            break
        if isinstance(message, ToolMessage) and len(text := str(message.text)) > SHORT:
            earlier[index] = short = message.model_copy(
                update={"content": text[:SHORT] + SHORTENED}
            )
            over -= tokens(message) - tokens(short)
    first = begins(earlier, count=len(earlier), limit=spare) if over > 0 else 0
    return [*readable_by_models(earlier[first:]), turn.message], turn.start > 0 or first > 0


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
