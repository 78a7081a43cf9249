"""``make bench-guard``: what the guard costs a reply, in a shop with a million orders.

On SQLite, or on the empty database of ``--database``. Prints the CPU that the guard adds to a reply
of 30 tokens, by what stands in the reply; what a look-up of somebody else's number takes; and what
the audit of 100,000 messages takes, among which one leaks. Exit status 1 where an ordinary reply
costs 0.1 ms, or the audit a minute, or more, or finds anything but the leak.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path

ROUNDS = 7
REPLIES = 300
LOOK_UPS = 50
REPLY_SECONDS = 0.0001
AUDIT_SECONDS = 60
MESSAGES = 20  # of a session
ORDERS_OF_ALICE = 5

# Thirty words each, as a model says them: with the space before the word.
REPLIES_BY_KIND = {
    "ordinary": "I am sorry that your parcel takes so long, it should have been with you by now."
    " The carrier says that it will come soon, so please wait a little longer.",
    "dates and times": "Your parcel is on its way with DHL and should arrive tomorrow, Friday 27"
    " November, between 9:00 and 13:00. The last scan was today at 1:55 in the parcel centre.",
    "own numbers": "Your order #{number} is on its way with the number {tracking}, which you can"
    " follow at any time. It holds 1 kettle and 2 mugs, and I am glad to help.",
    "a number on no list": "The kettle boils one litre in three minutes with its 1850 watts, which"
    " is more than most of them have, so please do not leave it alone while it is on.",
}


def fill(orders: int) -> None:
    """A shop of so many orders, one parcel each, of as many customers; alice has a few of them."""
    from django.db import connection

    yes, no = ("true", "false") if connection.vendor == "postgresql" else ("1", "0")
    statements = (
        # Figures of ours alone.
        f"""INSERT INTO auth_user (username, email, password, first_name, last_name, is_staff,
        is_active, is_superuser, date_joined)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {orders})
        SELECT 'customer' || i, 'customer' || i || '@example.org', '', '', '', {no}, {yes}, {no},
        '2026-05-20 12:00:00+00:00' FROM n""",  # noqa: S608
        """INSERT INTO orders_order (number, customer_id, placed_at, currency, total, status,
        payment_status, note, shipping_name, shipping_street, shipping_city, shipping_postal_code,
        shipping_country, source)
        SELECT 'A-' || id, id, '2026-05-20 12:00:00+00:00', 'EUR', 49.90, 'confirmed', 'paid', '',
        'A. Customer', 'Street ' || id, 'Hamburg', '20259', 'Germany', '' FROM auth_user""",
        f"""UPDATE orders_order SET customer_id = (SELECT MIN(id) FROM auth_user)
        WHERE id < (SELECT MIN(id) FROM orders_order) + {ORDERS_OF_ALICE}""",  # noqa: S608
        """INSERT INTO orders_shipment (order_id, external_id, carrier, service, tracking_number,
        tracking_url, status) SELECT id, '', 'DHL', '', '00340434' || (1000000000 + id), '',
        'in_transit' FROM orders_order""",
    )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("ANALYZE")


def numbers(customers: Iterable[int]) -> dict[int, dict[str, str]]:
    """An order's and its parcel's number for each customer."""
    from chat.orders.models import Shipment

    parcels = Shipment.objects.filter(order__customer_id__in=customers).order_by("-pk")
    return {
        customer: {"number": number, "tracking": tracking}
        for customer, number, tracking in parcels.values_list(
            "order__customer_id", "order__number", "tracking_number"
        )
    }


async def nothing(kind: str, text: str) -> None:
    """Of what is withheld here, nobody is told."""


async def cpu_of_reply(text: str, guard: Callable[[], Coroutine[None, None, object]]) -> float:
    """Seconds of CPU that the exit adds to one reply."""
    tokens = re.findall(r" ?\S+", text)
    guards = [await guard() for _ in range(REPLIES)]
    begin = time.process_time()
    for each in guards:
        leaving = each.exit()  # type: ignore[attr-defined]
        for token in tokens:
            await leaving.say(token)
        await leaving.end()
    return (time.process_time() - begin) / REPLIES


async def replies() -> bool:
    """Prints what replies cost; whether an ordinary one costs little enough."""
    from django.contrib.auth import get_user_model
    from langchain_core.messages import HumanMessage

    from chat.guard.exit import NoGuard
    from chat.guard.guard import Guard
    from chat.tools import tools_for

    alice = await get_user_model()._default_manager.order_by("pk").afirst()
    assert alice is not None
    hers = (await asyncio.to_thread(numbers, [alice.pk]))[alice.pk]
    by_name = {tool.name: tool for tool in tools_for(alice, "0" * 32)}
    looked_up = str(await by_name["list_orders"].ainvoke({}))
    said = [HumanMessage("Where is my parcel?")]

    async def bare() -> NoGuard:
        return NoGuard()

    async def guard() -> Guard:
        made = Guard(alice.pk, said, nothing)
        await made.check_result(looked_up)
        return made

    costs: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for kind, text in REPLIES_BY_KIND.items():
            for name, make in (("without", bare), ("with", guard)):
                costs.setdefault((kind, name), []).append(
                    await cpu_of_reply(text.format(**hers), make)
                )
    more = {
        kind: statistics.median(costs[kind, "with"]) - statistics.median(costs[kind, "without"])
        for kind in REPLIES_BY_KIND
    }
    for kind, seconds in more.items():
        print(f"{kind:22} {seconds * 1e6:7.0f} µs of CPU more")
    return more["ordinary"] < REPLY_SECONDS


def look_ups() -> None:
    """Prints how long the database takes to tell whose numbers are."""
    from django.contrib.auth import get_user_model

    from chat.guard.customers import may_see, somebody_elses
    from chat.guard.seen import Doubt

    users = get_user_model()._default_manager.order_by("pk")
    alice, bob = users.first(), users.last()
    assert alice is not None
    assert bob is not None
    bobs = numbers([bob.pk])[bob.pk]
    for kind, words, expected in (
        ("nobody's number", "with its 1850 watts", ""),
        ("another's order", f"it is {bobs['number']} there", "order number"),
        ("another's parcel", f"it is {bobs['tracking']} there", "tracking number"),
    ):
        took = []
        for _ in range(LOOK_UPS):
            begin = time.perf_counter()
            found = somebody_elses(alice.pk, Doubt.about(words))
            took.append(time.perf_counter() - begin)
            assert found == expected, (words, found)
        print(f"{kind:22} {statistics.median(took) * 1e6:7.0f} µs to tell, look-ups and all")
    begin = time.perf_counter()
    may_see(alice.pk)
    print(f"{'what alice may see':22} {(time.perf_counter() - begin) * 1e6:7.0f} µs, once a turn")


def audit(messages: int) -> bool:
    """Prints what the audit of so many messages takes; whether it found the leak in time."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from chat.audit import Finding, audit
    from chat.models import ChatSession, TranscriptMessage

    users = get_user_model()._default_manager.order_by("pk").values_list("pk", flat=True)
    theirs = numbers(users[: messages // MESSAGES])
    now = timezone.now()
    sessions = ChatSession.objects.bulk_create(
        ChatSession(customer_id=customer, login=str(n), closed_at=now)
        for n, customer in enumerate(theirs)
    )
    kinds = list(REPLIES_BY_KIND.values())
    TranscriptMessage.objects.bulk_create(
        (
            TranscriptMessage(
                session=session,
                position=position,
                role=("human", "ai")[position % 2],
                text=kinds[(position // 2) % 4].format(**theirs[session.customer_id])
                if position % 2
                else "And when does it come?",
                payload={},
                created_at=now,
            )
            for session in sessions
            for position in range(MESSAGES)
        ),
        batch_size=5_000,
    )
    planted = TranscriptMessage.objects.filter(role="ai")[messages // 3]
    (other,) = numbers(users.reverse()[:1]).values()
    planted.text = f"The order of your neighbour is {other['number']}."
    planted.save()
    begin, cpu, read = time.perf_counter(), time.process_time(), 0
    found: list[Finding] = []
    for session in audit():
        read += session.messages
        found += session.findings
    took, cpu = time.perf_counter() - begin, time.process_time() - cpu
    print(f"audit of {read:,} messages: {took:.1f} s, {cpu:.1f} s of CPU, {len(found)} found")
    leak = [(each.session_id, each.position) for each in found]
    return took < AUDIT_SECONDS and leak == [(planted.session_id, planted.position)]


def bench(name: str, database_url: str, orders: int, messages: int) -> bool:
    """All of it on one database, in this process."""
    os.environ |= {"DEBUG": "True", "DATABASE_URL": database_url}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportbot.settings")
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.DEBUG = False  # it keeps every query
    call_command("migrate", verbosity=0)
    fill(orders)
    print(f"\n{name}, {orders:,} orders")
    good = asyncio.run(replies())
    look_ups()
    return audit(messages) and good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--database", help="a DATABASE_URL, empty; SQLite where there is none")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-guard-") as folder:
        url = asked.database or f"sqlite:///{Path(folder) / 'shop.sqlite3'}"
        good = bench(url.partition(":")[0], url, asked.orders, asked.messages)
    if not good:
        print(f"Too much, or not found: at most {REPLY_SECONDS} s a reply, {AUDIT_SECONDS} s.")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
