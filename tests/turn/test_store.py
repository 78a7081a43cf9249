"""What the scripts promise, each for itself, against a real server."""

import asyncio
from typing import Any

import orjson
import pytest
import redis.asyncio
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from chat.conversations import Snapshot, Turn
from chat.errors import (
    HistoryUnavailable,
    QueueFull,
    RateLimited,
    SessionClosed,
    SessionGone,
    StaleTurn,
)
from chat.history import RedisChatMessageHistory
from chat.store import INBOX_SIZE, PAGE, SESSIONS_AT_ONCE, Store
from tests.turn.conftest import LIMITS, StoreMaker, Worker, worker_with

# A lease that runs out while the test looks on.
SHORT = 0.02


async def expired(worker: Worker) -> None:
    """Waits for Redis itself to say that the lease has run out."""
    async with asyncio.timeout(5):
        while True:
            look = await worker.store.look(worker.session_id)
            assert look is not None
            if look.abandoned:
                return


async def keys_left(redis_url: str, session_id: str) -> list[bytes]:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        return sorted([key async for key in client.scan_iter(f"*{session_id}*")])


# --- accept and commit ----------------------------------------------------------------------------


async def test_a_message_is_answered_and_both_are_stored_together(worker: Worker) -> None:
    turn = await worker.begin("where?")
    assert (turn.message.text, turn.window, turn.tries) == ("where?", [], 1)
    assert await worker.history() == []
    assert await worker.commit(turn, "there") is None
    assert await worker.history() == ["where?", "there"]


async def test_later_messages_wait_and_are_answered_in_order_each_seeing_the_one_before(
    worker: Worker,
) -> None:
    turn: Any = await worker.begin("1")
    for text in ("2", "3"):
        assert (await worker.accept(text)).turn is None
    for text in ("1", "2", "3"):
        assert turn.message.text == text
        assert [m.text for m in turn.window] == await worker.history()
        turn = await worker.commit(turn, f"answer {text}")
    assert turn is None
    assert await worker.history() == ["1", "answer 1", "2", "answer 2", "3", "answer 3"]


async def test_messages_sent_at_once_are_answered_one_after_the_other(worker: Worker) -> None:
    async def lead(number: int) -> None:
        turn = (await worker.accept(f"message {number}")).turn
        while turn is not None:
            seen.append(len(turn.window))
            await asyncio.sleep(0)
            turn = await worker.commit(turn, f"answer to {turn.message.text}")

    seen: list[int] = []
    await asyncio.gather(*(lead(number) for number in range(INBOX_SIZE)))
    history = await worker.history()
    assert seen == [2 * number for number in range(INBOX_SIZE)]
    assert all(
        answer == f"answer to {message}"
        for message, answer in zip(history[::2], history[1::2], strict=True)
    )


async def test_without_the_lease_messages_at_once_do_not_see_each_other(redis_url: str) -> None:
    """The counter-example: reading, answering and writing back as three steps."""

    async def lead(number: int) -> None:
        window = await history.aget_messages()
        seen.append(len(window))
        await asyncio.sleep(0)
        await history.aadd_messages([HumanMessage(str(number)), AIMessage("answer")])

    seen: list[int] = []
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        history = RedisChatMessageHistory("s", client)
        await asyncio.gather(*(lead(number) for number in range(10)))
    assert seen != [2 * number for number in range(10)]


async def test_an_id_that_comes_again_is_known_by_its_first_text_and_number(
    worker: Worker,
) -> None:
    first = await worker.accept("first", "id-1")
    assert first.turn is not None
    await worker.accept("waits", "id-2")
    turn: Turn | None = first.turn
    while turn is not None:
        again = await worker.accept("another text", "id-1")
        waits = await worker.accept("another text", "id-2")
        assert again.turn is None
        assert waits.turn is None
        assert again.known is not None
        assert waits.known is not None
        assert (again.known.text, again.seq) == ("first", first.seq)
        assert waits.known.text == "waits"
        turn = await worker.commit(turn, "done")
    assert await worker.history() == ["first", "done", "waits", "done"]


async def test_the_same_id_sent_from_many_tabs_at_once_is_answered_once(worker: Worker) -> None:
    accepted = await asyncio.gather(*(worker.accept("x", "the-id") for _ in range(20)))
    assert sum(each.turn is not None for each in accepted) == 1
    assert len({each.seq for each in accepted}) == 1


async def test_a_commit_under_an_old_fence_writes_nothing(make_store: StoreMaker) -> None:
    worker = await worker_with(make_store, lease=SHORT)
    late = await worker.begin("where?")
    await expired(worker)
    newer = await worker.recover()
    assert newer is not None
    with pytest.raises(StaleTurn):
        await worker.say(late, 1, "late words")
    with pytest.raises(StaleTurn):
        await worker.commit(late, "late answer")
    await worker.commit(newer, "the answer")
    assert await worker.history() == ["where?", "the answer"]
    with pytest.raises(StaleTurn):
        await worker.commit(late, "late answer")


async def test_after_its_commit_a_turn_says_nothing_more(worker: Worker) -> None:
    turn = await worker.begin("where?")
    await worker.say(turn, 1, "there")
    await worker.commit(turn, "there")
    seq = (await worker.store.snapshot(worker.session_id)).seq
    with pytest.raises(StaleTurn):
        await worker.say(turn, 2, "late words")
    assert (await worker.store.snapshot(worker.session_id)).seq == seq


async def test_the_very_first_message_is_recovered_though_no_turn_ever_began(
    worker: Worker,
) -> None:
    """As a process that drains leaves it."""
    message = HumanMessage("where?", id="id")
    await worker.store.accept(worker.session_id, 1, message, [], "", b"")
    turn = await worker.recover()
    assert turn is not None
    await worker.commit(turn, "there")
    assert await worker.history() == ["where?", "there"]


async def test_a_window_begins_at_a_human_message(make_store: StoreMaker) -> None:
    worker = await worker_with(make_store, window=2)
    turn = await worker.begin("1")
    await worker.commit(turn, "a")
    turn = await worker.begin("2")
    assert [m.text for m in turn.window] == ["1", "a"]
    await worker.commit(turn, "b")
    worker = Worker(make_store(window=1), worker.session_id)
    assert [m.text for m in (await worker.begin("3")).window] == ["2", "b"]


# --- lost replies: each call may be sent twice ----------------------------------------------------


async def test_an_accept_sent_twice_begins_one_turn(worker: Worker) -> None:
    first = await worker.accept("x", "id", "run")
    again = await worker.accept("x", "id", "run")
    assert first == again
    assert again.turn is not None
    await worker.commit(again.turn, "y")
    assert await worker.history() == ["x", "y"]


async def test_a_beat_sent_twice_says_its_words_once(worker: Worker) -> None:
    turn = await worker.begin("x")
    seq = await worker.say(turn, 1, "one", "two")
    assert await worker.say(turn, 1, "one", "two") == seq
    assert await worker.say(turn, 2, "three") == seq + 2
    events = (await worker.store.snapshot(worker.session_id)).events
    assert [orjson.loads(event).get("delta") for event in events[1:]] == ["one", "two", "three"]


async def test_a_commit_sent_twice_writes_once_and_hands_over_the_same_next_turn(
    worker: Worker,
) -> None:
    turn = await worker.begin("x")
    await worker.accept("next")
    call = (turn, [AIMessage("y", id="a")], [b'{"metadata":{}}'], "run-2", b'{"metadata":{}}')
    first = await worker.store.commit(*call)
    assert await worker.store.commit(*call) == first
    assert await worker.history() == ["x", "y"]


# --- refusals -------------------------------------------------------------------------------------


async def test_a_cut_sent_twice_hands_over_the_same_ending(worker: Worker) -> None:
    turn = await worker.begin("x")
    await worker.say(turn, 1, "so far")
    first = await worker.store.cut(worker.session_id, cut_id="cut")
    assert first is not None
    assert await worker.store.cut(worker.session_id, cut_id="cut") == first
    assert await worker.store.cut(worker.session_id, cut_id="another") is None
    await worker.commit(first.turn, "so far")
    assert await worker.history() == ["x", "so far"]


async def test_a_cut_that_comes_again_late_does_not_end_the_next_turn(worker: Worker) -> None:
    await worker.begin("x")
    await worker.accept("next")
    cut = await worker.store.cut(worker.session_id, cut_id="cut")
    assert cut is not None
    following = await worker.commit(cut.turn, "so far")
    assert following is not None
    assert await worker.store.cut(worker.session_id, cut_id="cut") is None
    await worker.commit(following, "answered")
    assert await worker.history() == ["x", "so far", "next", "answered"]


async def test_a_recovery_sent_twice_begins_one_turn(make_store: StoreMaker) -> None:
    worker = await worker_with(make_store, lease=SHORT)
    dead = await worker.begin("x")
    await expired(worker)
    call = (worker.session_id, dead.fence, "run", [b'{"metadata":{}}', b'{"metadata":{}}'])
    first = await worker.store.recover(*call)
    assert first is not None
    assert await worker.store.recover(*call) == first
    await worker.commit(first[1], "y")
    assert await worker.history() == ["x", "y"]


async def test_a_message_tried_again_is_acknowledged_again_also_when_sent_twice(
    worker: Worker,
) -> None:
    failed = await worker.accept("x", "id")
    assert failed.turn is not None
    await worker.commit(failed.turn, "", failed=True)
    first = await worker.accept("x", "id", "run")
    assert first == await worker.accept("x", "id", "run")
    assert first.known is not None
    assert first.turn is not None
    assert (first.known.text, first.seq) == ("x", failed.seq)


async def test_an_accept_sent_twice_does_not_get_a_turn_that_was_stopped_in_between(
    worker: Worker,
) -> None:
    await worker.accept("x", "id", "run")
    cut = await worker.store.cut(worker.session_id)
    again = await worker.accept("x", "id", "run")
    assert cut is not None
    assert again.turn is None
    assert again.known is not None


async def test_over_the_rate_a_message_is_refused_with_when_to_try_again(
    make_store: StoreMaker,
) -> None:
    worker = await worker_with(make_store, rate=(2, 60_000))
    await worker.accept("1")
    await worker.accept("2", "id-2")
    with pytest.raises(RateLimited) as error:
        await worker.accept("3")
    assert 29_000 < error.value.retry_after <= 30_000
    # A message that is known is acknowledged again, whatever the rate.
    assert (await worker.accept("2", "id-2")).known is not None
    assert len((await worker.store.snapshot(worker.session_id)).waiting) == 2


async def test_the_rate_recovers_with_time(make_store: StoreMaker) -> None:
    worker = await worker_with(make_store, rate=(1, 50))
    await worker.accept("1")
    async with asyncio.timeout(5):
        while True:
            try:
                await worker.accept("2")
                break
            except RateLimited as error:
                assert error.retry_after <= 50


async def test_a_customer_who_opens_many_sessions_is_held_back_and_nobody_else(
    make_store: StoreMaker,
) -> None:
    sessions = [await worker_with(make_store, rate=(2, 60_000)) for _ in range(5)]
    taken, waits = 0, []
    for worker in sessions * 2:
        try:
            await worker.accept("x", "the-id" if worker is sessions[0] else "")
            taken += 1
        except RateLimited as error:
            waits.append(error.retry_after)
    # The id that came twice was acknowledged twice, and is one message.
    assert taken == 2 * SESSIONS_AT_ONCE + 1
    assert all(0 < wait <= 10_000 for wait in waits)
    assert (await sessions[0].accept("x", "the-id")).known is not None
    another = await worker_with(make_store, rate=(2, 60_000))
    another.customer_id = 2
    await another.accept("x")


async def test_a_full_inbox_refuses_and_keeps_what_it_has(worker: Worker) -> None:
    for number in range(INBOX_SIZE):
        await worker.accept(str(number))
    with pytest.raises(QueueFull):
        await worker.accept("one too many")
    assert len((await worker.store.snapshot(worker.session_id)).waiting) == INBOX_SIZE


async def test_a_closed_session_takes_nothing_new_and_still_answers_what_it_took(
    worker: Worker,
) -> None:
    turn = await worker.begin("1")
    await worker.accept("2")
    await worker.store.close(worker.session_id)
    with pytest.raises(SessionClosed):
        await worker.accept("3")
    following = await worker.commit(turn, "one")
    assert following is not None
    await worker.commit(following, "two")
    assert await worker.history() == ["1", "one", "2", "two"]


async def test_a_session_that_redis_forgot_is_gone_and_not_made_anew(
    make_store: StoreMaker, redis_url: str
) -> None:
    worker = Worker(make_store())
    with pytest.raises(SessionGone):
        await worker.accept("x")
    with pytest.raises(SessionGone):
        await worker.store.snapshot(worker.session_id)
    await worker.store.mark_copied([(worker.session_id, 3, b"x")])
    await worker.store.close(worker.session_id)
    assert await worker.store.look(worker.session_id) is None
    assert await keys_left(redis_url, worker.session_id) == []


async def test_without_redis_every_call_says_history_unavailable() -> None:
    store = Store("redis://127.0.0.1:1/0", LIMITS)
    worker = Worker(store)
    calls: list[Any] = [
        store.open("s"),
        worker.accept("x"),
        store.snapshot("s"),
        store.uncopied(["s"]),
    ]
    for call in calls:
        with pytest.raises(HistoryUnavailable):
            await call
    await store.aclose()


# --- abandoned turns ------------------------------------------------------------------------------


async def test_of_two_who_notice_a_dead_worker_one_begins_the_turn(
    make_store: StoreMaker,
) -> None:
    worker = await worker_with(make_store, lease=SHORT)
    await worker.begin("x")
    await expired(worker)
    others = [Worker(make_store(), worker.session_id) for _ in range(8)]
    begun = [turn for turn in await asyncio.gather(*(o.recover() for o in others)) if turn]
    assert len(begun) == 1
    assert (begun[0].message.text, begun[0].tries) == ("x", 2)


async def test_a_turn_whose_lease_is_renewed_is_not_taken_away(make_store: StoreMaker) -> None:
    worker = await worker_with(make_store, lease=SHORT)
    turn = await worker.begin("x")
    patient = Worker(make_store(lease=30), worker.session_id)
    await patient.store.beat(turn, 0, [])
    assert await worker.recover() is None
    await worker.commit(turn, "y")


async def test_a_turn_given_up_is_free_though_a_beat_of_it_was_still_on_its_way(
    worker: Worker,
) -> None:
    turn = await worker.begin("x")
    await worker.store.release(turn)
    with pytest.raises(StaleTurn):
        await worker.say(turn, 1, "late")
    assert await worker.recover() is not None


async def test_each_dead_worker_counts_as_a_try(make_store: StoreMaker) -> None:
    worker = await worker_with(make_store, lease=SHORT)
    turn: Any = await worker.begin("x")
    for tries in (2, 3, 4):
        await expired(worker)
        turn = await worker.recover()
        assert turn.tries == tries
    await worker.commit(turn, "y")
    assert (await worker.begin("z")).tries == 1


async def test_a_message_that_comes_after_a_death_waits_and_says_so(
    make_store: StoreMaker,
) -> None:
    worker = await worker_with(make_store, lease=SHORT)
    await worker.begin("x")
    await expired(worker)
    accepted = await worker.accept("y")
    assert (accepted.turn, accepted.left_behind) == (None, True)


# --- cut, failed, tried again ---------------------------------------------------------------------


async def test_a_turn_that_was_cut_can_write_nothing_more(worker: Worker) -> None:
    turn = await worker.begin("x")
    await worker.say(turn, 1, "so far")
    cut = await worker.store.cut(worker.session_id)
    assert cut is not None
    assert [orjson.loads(event).get("delta") for event in cut.events] == [None, "so far"]
    for late in (worker.say(turn, 2, "more"), worker.commit(turn, "late")):
        with pytest.raises(StaleTurn):
            await late
    assert await worker.store.cut(worker.session_id) is None
    await worker.commit(cut.turn, "so far")
    assert await worker.history() == ["x", "so far"]
    with pytest.raises(StaleTurn):
        await worker.commit(turn, "late")


async def test_a_later_turn_can_be_cut_as_well_as_the_first(worker: Worker) -> None:
    await worker.commit(await worker.begin("one"), "1")
    await worker.say(await worker.begin("two"), 1, "so far")
    cut = await worker.store.cut(worker.session_id)
    assert cut is not None
    await worker.commit(cut.turn, "so far")
    assert await worker.history() == ["one", "1", "two", "so far"]


async def test_a_cut_whose_own_worker_died_is_finished_and_not_answered_anew(
    make_store: StoreMaker,
) -> None:
    worker = await worker_with(make_store, lease=SHORT)
    turn = await worker.begin("x")
    await worker.say(turn, 1, "so far")
    await worker.store.cut(worker.session_id)
    assert await worker.store.cut(worker.session_id, resume=True) is None
    await expired(worker)
    assert await worker.recover() is None
    cuts = [await worker.store.cut(worker.session_id, resume=True) for _ in range(2)]
    assert cuts[0] is not None
    assert cuts[1] is None
    assert len(cuts[0].events) == 2


async def test_with_nothing_running_there_is_nothing_to_cut(worker: Worker) -> None:
    assert await worker.store.cut(worker.session_id) is None


async def test_a_failed_message_sent_again_is_answered_and_stored_once(worker: Worker) -> None:
    first = await worker.accept("x", "id-1")
    assert first.turn is not None
    await worker.commit(first.turn, "", failed=True)
    await worker.commit(await worker.begin("between"), "b")
    again = await worker.accept("another text", "id-1")
    assert again.turn is not None
    assert again.known is not None
    assert (again.known.text, again.seq) == ("x", first.seq)
    assert again.turn.message.text == "x"
    assert (await worker.store.snapshot(worker.session_id)).again == {"id-1"}
    await worker.commit(again.turn, "at last")
    assert await worker.history() == ["x", "", "between", "b", "at last"]
    assert (await worker.accept("x", "id-1")).turn is None


# --- purge ----------------------------------------------------------------------------------------


async def test_a_purged_session_does_not_come_back(worker: Worker, redis_url: str) -> None:
    turn = await worker.begin("x")
    await worker.accept("waits")
    assert await worker.store.purge(worker.session_id) == 1 + 1
    for late in (worker.say(turn, 1, "late"), worker.commit(turn, "late")):
        with pytest.raises(StaleTurn):
            await late
    with pytest.raises(SessionGone):
        await worker.store.open(worker.session_id)
    await worker.store.mark_copied([(worker.session_id, 1, b"x")])
    tombstone = f"{{chat_history:{worker.session_id}}}:purged".encode()
    assert await keys_left(redis_url, worker.session_id) == [tombstone]


async def test_a_session_that_was_active_since_is_spared(worker: Worker) -> None:
    turn = await worker.begin("x")
    assert await worker.store.purge(worker.session_id, idle_for=0.001) is None
    await worker.commit(turn, "y")
    assert await worker.store.purge(worker.session_id, idle_for=60) is None
    assert await worker.store.purge(worker.session_id, count_only=True) == 2
    assert await worker.history() == ["x", "y"]
    assert await worker.store.purge(worker.session_id) == 2


# --- numbers, snapshots, time to live -------------------------------------------------------------


async def test_events_are_numbered_without_a_gap_and_can_be_read_from_any_number(
    worker: Worker,
) -> None:
    turn = await worker.begin("x")
    await worker.say(turn, 1, "a", "b")
    await worker.accept("waits")
    await worker.commit(turn, "done")
    first, everything = await read_events(worker, 0)
    assert first == 1
    kinds = [orjson.loads(event)["type"] for event in everything]
    acknowledgement = ["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"]
    words = ["TEXT_MESSAGE_CONTENT"] * 2
    assert kinds == [
        *(*acknowledgement, "RUN_STARTED", *words),
        *(*acknowledgement, "RUN_FINISHED", "RUN_STARTED"),
    ]
    for after in range(len(everything) + 1):
        assert await read_events(worker, after) == (after + 1, everything[after:])


async def read_events(worker: Worker, after: int) -> tuple[int, list[bytes]]:
    found = await worker.store.events_after(worker.session_id, after)
    assert not isinstance(found, Snapshot)
    return found


async def test_a_number_that_is_no_longer_kept_or_not_known_yet_gives_a_snapshot(
    worker: Worker,
) -> None:
    for number in range(60):
        await worker.commit(await worker.begin(str(number)), "answer")
    assert isinstance(await worker.store.events_after(worker.session_id, 1), Snapshot)
    assert isinstance(await worker.store.events_after(worker.session_id, 10**6), Snapshot)


async def test_however_much_a_turn_says_all_of_it_is_kept_until_it_ends(worker: Worker) -> None:
    turn = await worker.begin("x")
    for number in range(1, 400):
        await worker.say(turn, number, str(number))
    snapshot = await worker.store.snapshot(worker.session_id)
    said = [orjson.loads(event).get("delta") for event in snapshot.events[1:]]
    assert said == [str(number) for number in range(1, 400)]


async def test_every_step_renews_all_keys_of_the_session_together(
    make_store: StoreMaker, redis_url: str
) -> None:
    worker = await worker_with(make_store)
    turn = await worker.begin("1")
    await worker.accept("2")
    following = await worker.commit(turn, "one")
    assert following is not None
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        keys = [key async for key in client.scan_iter(f"*{worker.session_id}*")]
        assert len(keys) == 5
        steps: list[Any] = [
            lambda: worker.say(following, 1, "word"),
            lambda: worker.accept("3"),
            lambda: worker.commit(following, "two"),
        ]
        for step in steps:
            for key in keys:
                await client.expire(key, 5)
            await step()
            assert all([await client.ttl(key) > 50 for key in keys])


async def test_the_index_keeps_a_session_that_was_noted_again_meanwhile(worker: Worker) -> None:
    await worker.begin("x")
    async with asyncio.timeout(5):
        while not (due := await worker.store.due(0.001)):
            pass
    [(session_id, score)] = due
    assert session_id == worker.session_id
    await worker.accept("y")
    await worker.store.settle(session_id, score)
    async with asyncio.timeout(5):
        while not (due := await worker.store.due(0.001)):
            pass
    await worker.store.settle(*due[0])
    assert await worker.store.due(-1) == []


async def test_text_of_a_message_is_never_touched_on_its_way_through_lua(worker: Worker) -> None:
    odd: list[BaseMessage] = [
        AIMessage(
            "[] {} 9007199254740993 \u2028 📦", id="a", additional_kwargs={"e": [], "n": 2**60}
        )
    ]
    turn = await worker.begin("x")
    await worker.store.commit(turn, odd, [], "run", b"")
    assert (await worker.store.snapshot(worker.session_id)).messages[1] == odd[0]


async def test_a_crowd_in_the_index_is_found_whole(worker: Worker, redis_url: str) -> None:
    crowd = {f"session-{number}": 1 for number in range(2 * PAGE + 1)}
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.zadd("chat_history:running:3", crowd)
    due = await worker.store.due(0)
    assert {session_id for session_id, _ in due} == crowd.keys()
    assert len(due) == len(crowd)
