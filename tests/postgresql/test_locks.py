"""What only a database with row locks can show."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone
from langchain_core.messages import HumanMessage

from chat.models import ChatSession
from chat.transcripts import Copy, write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


@pytest.fixture
def another() -> Iterator[psycopg.Connection]:
    """Another process's connection to the tests' database."""
    parameters = connection.get_connection_params()
    names = ("host", "user", "dbname")
    with psycopg.connect(**{name: parameters[name] for name in names}) as other:
        yield other


def test_batches_of_two_processes_lock_their_sessions_in_one_order(
    another: psycopg.Connection,
) -> None:
    alice = User.objects.create_user("alice")
    # The order in which they are shown is that of the last message, and the other way round.
    for name in ("a", "b"):
        ChatSession.objects.create(session_id=name, customer=alice, login=name)
    ChatSession.objects.filter(pk="b").update(last_activity_at=timezone.now())
    lock = "SELECT 1 FROM chat_chatsession WHERE session_id = %s FOR UPDATE NOWAIT"
    another.execute(lock, ["a"])
    copies = [Copy(name, 0, [HumanMessage("x", id="m")]) for name in ("b", "a")]

    def batch() -> None:
        write(copies)
        connections.close_all()

    thread = threading.Thread(target=batch)
    thread.start()
    try:
        with connection.cursor() as cursor:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while cursor.execute(waits).fetchone() == (0,):
                assert thread.is_alive()
        # The batch waits for a, and holds nothing that we need.
        another.execute(lock, ["b"])
    finally:
        another.rollback()
        thread.join()
    assert ChatSession.objects.filter(message_count=1).count() == 2
