"""What customers think of the assistant's messages."""

from chat.database import in_thread
from chat.errors import InvalidFrame
from chat.history import decode_all
from chat.models import Feedback, TranscriptMessage
from chat.store import Store


async def rate(store: Store, session_id: str, message_id: str, rating: str, comment: str) -> None:
    """Keeps a rating, up or down; a newer one of the same message takes its place.

    Raises:
        InvalidFrame: the session has no such message of the assistant.
        HistoryUnavailable: Redis does not answer; nothing is kept.
        django.db.Error: the database does not; nothing is kept.
    """
    # Redis first: what it has not copied yet, the transcript may have by the time we look there.
    known = await _just_said(store, session_id, message_id)
    if not await _keep(session_id, message_id, rating, comment, known=known):
        raise InvalidFrame("messageId: is not one of the assistant's messages to you.")


async def _just_said(store: Store, session_id: str, message_id: str) -> bool:
    """Whether it is one of the messages that the transcript has not got yet."""
    return any(
        message.type == "ai" and message.id == message_id
        for found in await store.uncopied([session_id])
        for message in decode_all(found.entries, found.first)
    )


@in_thread
def _keep(session_id: str, message_id: str, rating: str, comment: str, *, known: bool) -> bool:
    said = TranscriptMessage.objects.filter(session_id=session_id, message_id=message_id, role="ai")
    if not known and not said.exists():
        return False
    Feedback.objects.update_or_create(
        session_id=session_id,
        message_id=message_id,
        defaults={"rating": rating, "comment": comment},
    )
    return True
