"""Answers that the guard did not let go: kept for staff, and told at once."""

import logging

from django.db import Error as DatabaseFailure

from chat.database import in_thread
from chat.models import Withheld

logger = logging.getLogger(__name__)

TEXT_CHARS = 20_000


async def keep(session_id: str, run_id: str, kind: str, text: str) -> None:
    """Notes one. The log tells that it happened and where to read it, and none of the words."""
    logger.error(
        "The guard withheld an answer: %s, session %s, run %s. Staff read it in the admin, under"
        " Withheld answers.",
        *(kind, session_id, run_id),
    )
    try:
        await in_thread(Withheld.objects.create)(
            session_id=session_id, run_id=run_id, kind=kind, text=text[-TEXT_CHARS:]
        )
    except DatabaseFailure as failure:
        logger.error("It could not be kept for staff: %s", type(failure).__name__)
