"""What can go wrong, with the code each error has on the wire.

ChatError                        code
├── Refused                              a frame or request that changed nothing
│   ├── InvalidFrame             invalid_frame
│   ├── MessageEmpty             message_empty
│   ├── MessageTooLong           message_too_long
│   ├── RateLimited              rate_limited
│   ├── QueueFull                queue_full
│   └── SessionClosed            session_closed
│       └── SessionGone          session_closed
├── HistoryUnavailable           history_unavailable
│   └── HistoryForgotten         history_unavailable
├── ModelUnavailable             model_unavailable
├── StaleTurn                    stale_turn
│   └── TurnForgotten            stale_turn
└── CorruptHistory               internal
"""

from typing import ClassVar


class ChatError(Exception):
    """Base of all: ``code`` is for programs, the text is for the customer."""

    code: ClassVar[str] = "internal"
    default: ClassVar[str] = "Something went wrong on our side. Please send your message again."

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.default)


class Refused(ChatError):
    """Something the customer sent was not taken; nothing was changed."""


class InvalidFrame(Refused):
    """The frame is not of the shape that the socket takes."""

    code = "invalid_frame"
    default = "That could not be read."


class MessageEmpty(Refused):
    """No text, or only white space."""

    code = "message_empty"
    default = "Write a message first."


class MessageTooLong(Refused):
    """More code points than ``CHAT_MESSAGE_MAX_CHARS``."""

    code = "message_too_long"

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(
            f"Your message has {length:,} characters; {limit:,} are possible. Please shorten it."
        )


class RateLimited(Refused):
    """Too many messages; ``retry_after`` is in milliseconds."""

    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"That was a lot at once. Please try again in {-(-retry_after // 1000)} s."
        )
        self.retry_after = retry_after


class QueueFull(Refused):
    """As many messages wait for their answer as a session may have."""

    code = "queue_full"
    default = "Several of your messages still wait for their answer. Please wait for those first."


class SessionClosed(Refused):
    """The conversation was ended, purged or has expired."""

    code = "session_closed"
    default = "This conversation has ended. Please start a new one."


class SessionGone(SessionClosed):
    """Redis has no such session: purged, expired, or never opened."""


class HistoryUnavailable(ChatError):
    """Redis does not answer."""

    code = "history_unavailable"
    default = "We cannot reach your conversation right now. Please try again in a moment."


class HistoryForgotten(HistoryUnavailable):
    """Redis has forgotten some of what it had said: the session must be mended first."""


class ModelUnavailable(ChatError):
    """The language model does not answer, or not in a usable way.

    ``kind`` says how it failed, in staff's words and without any of the customer's; ``outage`` is
    False where it may be this conversation's fault, so that others are answered nevertheless.
    """

    code = "model_unavailable"
    default = "The assistant cannot answer right now. Please try again in a moment."

    def __init__(self, message: str = "", *, kind: str = "failed", outage: bool = True) -> None:
        super().__init__(message)
        self.kind = kind
        self.outage = outage


class StaleTurn(ChatError):
    """The turn's fence has moved: it may write nothing and say nothing more."""

    code = "stale_turn"
    default = "The answer was interrupted. We begin it again."


class TurnForgotten(StaleTurn):
    """Redis has forgotten the turn, or some of its words; its worker still knows its message."""


class CorruptHistory(ChatError):
    """A stored message cannot be read; ``position`` is its index in the list."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"message {position} cannot be read: {reason}")
        self.position = position
