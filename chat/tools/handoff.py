"""request_human: puts the conversation before the shop's staff."""

from langchain_core.tools import ToolException
from pydantic import BaseModel, Field

from chat.errors import SessionClosed
from chat.handoffs import request_handoff
from chat.tools.answers import compact


class RequestHuman(BaseModel):
    """Ask the shop's staff to read this conversation and to help the customer.

    Use it when the customer wants a person, or needs what only staff can do: change an address,
    cancel, refund, search for a parcel that counts as delivered.
    """

    reason: str = Field(description="What the customer needs, with the order number, in one line.")


def request_human(session_id: str, reason: str) -> tuple[str, None]:
    """Record the request for this conversation."""
    try:
        made = request_handoff(session_id, reason)
    except SessionClosed as error:
        raise ToolException("This conversation has ended; nobody can be asked into it.") from error
    return compact(
        requested=True,
        already_requested_before=not made,
        note="The staff can read this conversation. Promise no time, and no answer in this chat.",
    ), None
