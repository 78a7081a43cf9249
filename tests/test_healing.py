"""Redis may forget its newest writes: what was said is found again, and nothing is mixed up.

A failover, a restored file or a power failure is played by putting back what Redis had of the
session at an earlier moment.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import redis.asyncio
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from chat import marks
from chat.conversations import Turn
from chat.errors import HistoryForgotten, StaleTurn, TurnForgotten
from chat.healing import Healing
from chat.models import ChatSession, TranscriptMessage
from chat.sessions import login_of, open_session
from chat.store import Store
from chat.transcripts import Copy, Transcripts, write
from chat.turns import NOT_YET
from supportbot.redis_server import RedisServer
from tests.scripted_model import Piece
from tests.turn.conftest import LIMITS, StoreMaker, Worker, make_store  # noqa: F401 - the fixture
from tests.turn.test_turns import Gate, Process, Screen

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Talk(Worker):
    """A conversation with its transcript, as one server process has it."""

    mended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.healing = Healing(self.store, self.mended.append)
        self.doubted: set[str] = set()
        self.transcripts = Transcripts(self.store, self.doubted.add)

    async def ask(self, text: str, answer: str, message_id: str = "") -> None:
        """A whole turn."""
        accepted = await self.accept(text, message_id)
        assert accepted.turn is not None
        await self.answer(accepted.turn, answer)

    async def answer(self, turn: Turn, text: str, *, failed: bool = False) -> None:
        noted = {marks.ANSWERS: turn.message.id} | ({marks.FAILED: "internal"} if failed else {})
        reply = AIMessage(text, id=uuid4().hex, additional_kwargs=noted)
        await self.store.commit(turn, [reply], [], "", b"", failed=failed)

    async def copy(self) -> None:
        self.transcripts.mark(self.session_id)
        assert await self.transcripts.copy_marked()

    @sync_to_async
    def rows(self) -> list[tuple[int, str]]:
        rows = TranscriptMessage.objects.filter(session_id=self.session_id).order_by("position")
        return list(rows.values_list("position", "text"))

    async def agreed(self) -> list[str]:
        """The history, after it was found equal to the transcript, position by position."""
        history = await self.history()
        assert await self.rows() == list(enumerate(history))
        return history

    @asynccontextmanager
    async def forgotten(self) -> AsyncIterator[None]:
        """What is said within this block Redis forgets at its end."""
        async with redis.asyncio.Redis.from_url(self.store.url) as client:
            pattern = f"*{self.session_id}*"
            kept = {key: await client.dump(key) async for key in client.scan_iter(pattern)}
            yield
            await client.delete(*[key async for key in client.scan_iter(pattern)])
            for key, value in kept.items():
                assert value is not None
                await client.restore(key, 60_000, value)


@pytest.fixture
async def talk(make_store: StoreMaker) -> Talk:  # noqa: F811
    talk = Talk(make_store())
    await begun(talk)
    return talk


@sync_to_async
def row_of(session_id: str) -> None:
    customer, _ = User.objects.get_or_create(username="alice")
    ChatSession.objects.create(session_id=session_id, customer=customer, login=session_id)


async def begun(talk: Talk) -> None:
    await talk.store.open(talk.session_id)
    await row_of(talk.session_id)
    await talk.ask("first", "one")
    await talk.copy()


# --- the fence ------------------------------------------------------------------------------------


async def test_a_worker_whose_turn_was_forgotten_never_writes_into_a_later_one(
    talk: Talk,
) -> None:
    async with talk.forgotten():
        forgotten = await talk.begin("forgotten")
    later = await talk.begin("later")
    assert later.fence > forgotten.fence
    with pytest.raises(StaleTurn):
        await talk.say(forgotten, 1, "late words")
    with pytest.raises(StaleTurn):
        await talk.commit(forgotten, "late answer")
    await talk.commit(later, "the answer")
    assert await talk.history() == ["first", "one", "later", "the answer"]


# --- what the transcript has and the history has not ----------------------------------------------


async def test_the_transcript_gives_back_what_the_history_has_forgotten(talk: Talk) -> None:
    async with talk.forgotten():
        await talk.ask("second", "two", "id-2")
        await talk.copy()
    assert await talk.history() == ["first", "one"]
    await talk.healing.check(talk.session_id)
    assert await talk.agreed() == ["first", "one", "second", "two"]
    assert talk.mended == [talk.session_id]
    assert (await talk.accept("second", "id-2")).turn is None, "it would be answered twice"
    await talk.healing.check(talk.session_id)
    assert talk.mended == [talk.session_id], "what agrees is left alone"
    turn = await talk.begin("third")
    assert [message.text for message in turn.window] == ["first", "one", "second", "two"]


async def test_numbers_after_mending_are_higher_than_all_before(talk: Talk) -> None:
    async with talk.forgotten():
        await talk.ask("second", "two")
        await talk.copy()
        [newest] = await talk.store.newest([talk.session_id])
    await talk.healing.check(talk.session_id)
    accepted = await talk.accept("third")
    assert newest < accepted.seq < NOT_YET


async def test_what_was_said_since_comes_behind_what_was_forgotten(talk: Talk) -> None:
    async with talk.forgotten():
        await talk.ask("second", "two")
        await talk.copy()
    await talk.ask("third", "three", "id-3")
    await talk.ask("fourth", "four")
    await talk.copy()
    assert talk.doubted == {talk.session_id}, "the places are taken in the transcript"
    assert await talk.rows() == list(enumerate(["first", "one", "second", "two"]))
    await talk.healing.check(talk.session_id)
    assert talk.mended == [talk.session_id]
    await talk.copy()
    history = ["first", "one", "second", "two", "third", "three", "fourth", "four"]
    assert await talk.agreed() == history
    known = await talk.accept("third", "id-3")
    assert known.known is not None
    assert known.known.text == "third"


async def test_copying_blindly_loses_what_was_said_since(talk: Talk) -> None:
    """The counter-example: rows that are there already are passed over, and taken as copied."""
    async with talk.forgotten():
        await talk.ask("second", "two")
        await talk.copy()
    await talk.ask("third", "three")
    (found,) = await talk.store.uncopied([talk.session_id])
    rows = [
        TranscriptMessage(session_id=talk.session_id, position=position, payload={}, text="x")
        for position in range(found.first, found.first + len(found.entries))
    ]
    for row in rows:
        row.created_at = (await ChatSession.objects.aget(pk=talk.session_id)).started_at
    await TranscriptMessage.objects.abulk_create(rows, ignore_conflicts=True)
    await talk.store.mark_copied([(talk.session_id, 4, found.entries[-1])])
    assert [text for _, text in await talk.rows()] == ["first", "one", "second", "two"]
    assert await talk.history() == ["first", "one", "third", "three"]


async def test_a_message_that_waits_again_though_its_answer_was_copied_is_answered_once(
    talk: Talk,
) -> None:
    turn = await talk.begin("second")
    async with talk.forgotten():
        await talk.answer(turn, "two")
        await talk.copy()
    await talk.healing.check(talk.session_id)
    assert await talk.agreed() == ["first", "one", "second", "two"]
    look = await talk.store.look(talk.session_id)
    assert look is not None
    assert (look.waiting, look.run_id) == (0, "")
    with pytest.raises(StaleTurn):
        await talk.answer(turn, "two, again")


async def test_a_second_answer_that_was_given_meanwhile_is_left_out(talk: Talk) -> None:
    turn = await talk.begin("second")
    async with talk.forgotten():
        await talk.answer(turn, "two")
        await talk.copy()
    await talk.answer(turn, "two, in other words")
    await talk.ask("third", "three")
    await talk.healing.check(talk.session_id)
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "second", "two", "third", "three"]


async def test_an_answer_that_was_given_after_one_had_failed_is_kept(talk: Talk) -> None:
    turn = await talk.begin("second")
    async with talk.forgotten():
        await talk.answer(turn, "", failed=True)
        await talk.copy()
    await talk.answer(turn, "two")
    await talk.healing.check(talk.session_id)
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "second", "", "two"]
    assert (await talk.accept("second", str(turn.message.id))).turn is None


async def test_a_failed_message_can_be_sent_again_after_mending(talk: Talk) -> None:
    accepted = await talk.accept("second", "id-2")
    assert accepted.turn is not None
    async with talk.forgotten():
        await talk.answer(accepted.turn, "", failed=True)
        await talk.copy()
    await talk.healing.check(talk.session_id)
    assert await talk.agreed() == ["first", "one", "second", ""]
    again = await talk.accept("second", "id-2")
    assert again.turn is not None
    await talk.answer(again.turn, "two")
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "second", "", "two"]


async def test_a_copy_that_comes_late_marks_nothing_in_a_history_that_went_back(
    talk: Talk,
) -> None:
    async with talk.forgotten():
        await talk.ask("second", "two")
        (found,) = await talk.store.uncopied([talk.session_id])
        last = (talk.session_id, 4, found.entries[-1])
    assert await talk.store.mark_copied([last]) == [talk.session_id]
    await talk.ask("third", "three")
    assert await talk.store.mark_copied([last]) == [talk.session_id]
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "third", "three"]


async def test_rows_that_the_database_has_lost_are_copied_again(talk: Talk) -> None:
    await talk.ask("second", "two")
    await talk.copy()
    await TranscriptMessage.objects.filter(position__gte=1).adelete()
    await ChatSession.objects.filter(pk=talk.session_id).aupdate(message_count=1)
    await talk.ask("third", "three")
    await talk.copy()
    assert talk.doubted == {talk.session_id}
    await talk.healing.check(talk.session_id)
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "second", "two", "third", "three"]


async def test_a_running_turn_that_does_not_know_what_was_forgotten_begins_anew(
    talk: Talk,
) -> None:
    async with talk.forgotten():
        await talk.ask("second", "two")
        await talk.copy()
    turn = await talk.begin("third")
    await talk.healing.check(talk.session_id)
    with pytest.raises(StaleTurn):
        await talk.answer(turn, "without knowing the second")
    anew = await talk.recover()
    assert anew is not None
    assert anew.tries == 1, "its worker has not died"
    assert [message.text for message in anew.window] == ["first", "one", "second", "two"]
    await talk.answer(anew, "three")
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "second", "two", "third", "three"]


async def test_a_purged_session_does_not_come_back(talk: Talk, redis_url: str) -> None:
    async with talk.forgotten():
        await talk.store.purge(talk.session_id)
        await ChatSession.objects.filter(pk=talk.session_id).adelete()
    assert await talk.history() == ["first", "one"], "Redis has forgotten that it was deleted"
    await talk.healing.check(talk.session_id)
    assert await talk.store.look(talk.session_id) is None
    async with talk.forgotten():
        pass  # a tombstone is all there is
    await talk.healing.check(talk.session_id)
    assert await talk.store.look(talk.session_id) is None
    assert talk.mended == []


async def test_mending_that_is_sent_twice_mends_once(talk: Talk) -> None:
    async with talk.forgotten():
        await talk.ask("second", "two")
        await talk.copy()
    others = [Talk(talk.store, talk.session_id) for _ in range(5)]
    await asyncio.gather(*(other.healing.check(talk.session_id) for other in others))
    assert await talk.agreed() == ["first", "one", "second", "two"]
    assert sum(len(other.mended) for other in others) == 1


async def test_on_connecting_a_history_that_is_shorter_than_its_transcript_is_mended(
    talk: Talk,
) -> None:
    customer = await User.objects.aget()
    await ChatSession.objects.filter(pk=talk.session_id).aupdate(login=login_of("key"))
    async with talk.forgotten():
        await talk.ask("second", "two")
        await talk.copy()
    session = await open_session(talk.store, customer.pk, "key", talk.healing.check)
    assert session.session_id == talk.session_id
    assert await talk.agreed() == ["first", "one", "second", "two"]


# --- what only a worker still knows ---------------------------------------------------------------


async def test_a_message_that_was_forgotten_waits_again_if_its_worker_still_has_it(
    talk: Talk,
) -> None:
    async with talk.forgotten():
        turn = await talk.begin("second")
        await talk.say(turn, 1, "tw")
    with pytest.raises(TurnForgotten):
        await talk.say(turn, 2, "o")
    with pytest.raises(TurnForgotten):
        await talk.answer(turn, "two")
    [(lost, error)] = await talk.store.renew([turn])
    assert isinstance(error, TurnForgotten)
    for _ in range(2):
        await talk.healing.check(talk.session_id, held=lost.message)
    anew = await talk.recover()
    assert anew is not None
    assert anew.message == turn.message
    await talk.answer(anew, "two")
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "second", "two"]


async def test_a_turn_of_which_a_beat_was_forgotten_begins_anew(talk: Talk) -> None:
    turn = await talk.begin("second")
    await talk.say(turn, 1, "t")
    async with talk.forgotten():
        await talk.say(turn, 2, "w")
    with pytest.raises(TurnForgotten):
        await talk.say(turn, 3, "o")
    await talk.healing.check(talk.session_id, held=turn.message)
    anew = await talk.recover()
    assert anew is not None
    await talk.answer(anew, "two")
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "second", "two"]


async def test_a_number_that_was_seen_and_is_forgotten_holds_a_message_back(talk: Talk) -> None:
    async with talk.forgotten():
        seen = (await talk.accept("second")).seq
    call = ("id-3", [b"{}"], "run", b"{}")
    message = HumanMessage("third", id=call[0])
    accept = partial(talk.store.accept, talk.session_id, 1, message, *call[1:])
    with pytest.raises(HistoryForgotten):
        await accept(seen=seen)
    assert (await talk.accept("third", "id-3")).known is None, "it was not taken"


# --- what tabs show -------------------------------------------------------------------------------


class Site(Process):
    """A process with tabs, turns and transcripts, like a real one's."""

    def __init__(self, store: Store, *scripts: Sequence[Piece]) -> None:
        self.healing = Healing(store, self.mended)
        super().__init__(store, *scripts)
        self.transcripts = Transcripts(store, self.healing.doubt)

    def mended(self, session_id: str) -> None:
        self.connections.publish(session_id, NOT_YET, [])
        self.turns.look_after(session_id)

    async def check(
        self, session_id: str, *, went_back: bool = False, held: BaseMessage | None = None
    ) -> None:
        await self.healing.check(session_id, went_back=went_back, held=held)


def shown(screen: Screen) -> list[str]:
    """What a tab shows, as the page puts snapshots and events together."""
    texts: dict[str, str] = {}
    for event in screen.events:
        match event["type"]:
            case "MESSAGES_SNAPSHOT":
                texts = {message["id"]: message["content"] for message in event["messages"]}
            case "TEXT_MESSAGE_START":
                texts[event["messageId"]] = ""
            case "TEXT_MESSAGE_CONTENT":
                texts[event["messageId"]] += event["delta"]
    return list(texts.values())


def numbers_grow(screen: Screen) -> bool:
    numbers = [
        event["metadata"]["seq"]
        for event in screen.events
        if not event["type"].endswith("SNAPSHOT")
    ]
    return numbers == sorted(set(numbers))


@pytest.fixture
async def site(talk: Talk) -> AsyncIterator[Site]:
    site = Site(talk.store, ["An ", "answer."], ["Another ", "answer."])
    yield site
    await site.turns.stop()


async def test_a_tab_whose_numbers_redis_has_forgotten_is_answered_and_shows_all(
    talk: Talk, site: Site
) -> None:
    async with site.tab(talk.session_id) as (tab, screen):
        async with talk.forgotten():
            await site.say(talk.session_id, "second")
            await screen.runs_end()
            await talk.copy()
        await site.turns.accept(talk.session_id, 1, str(uuid4()), "third", seen=tab.seq)
        await screen.until(lambda: "Another answer." in shown(screen))
        told = ["first", "one", "second", "An answer.", "third", "Another answer."]
        assert shown(screen) == told
        assert numbers_grow(screen)
    await talk.copy()
    assert await talk.agreed() == told
    # The model has seen the turn before it.
    assert [message.text for message in site.model.asked[-1][1:]] == told[:-1]


async def test_a_tab_that_was_idle_notices_when_its_numbers_come_again(
    talk: Talk, site: Site
) -> None:
    """Another process, which has seen nothing of what was forgotten, goes on talking."""
    other = Site(talk.store, ["Third ", "answer."])
    async with site.tab(talk.session_id) as (tab, screen):
        async with talk.forgotten():
            await site.say(talk.session_id, "second")
            await screen.runs_end()
        other.connections.add(talk.session_id, tab)  # what it says arrives here
        await other.say(talk.session_id, "third")
        await screen.until(lambda: "Third answer." in shown(screen))
        assert numbers_grow(screen)
    await other.turns.stop()
    async with site.tab(talk.session_id) as (_, screen):
        assert shown(screen)[-2:] == ["third", "Third answer."]


async def test_a_turn_in_the_middle_of_which_redis_went_back_is_answered_once(
    talk: Talk,
) -> None:
    gate = Gate()
    site = Site(talk.store, ["Half ", gate, "an answer."], ["A whole ", "answer."])
    async with site.tab(talk.session_id) as (_, screen):
        async with talk.forgotten():
            await site.say(talk.session_id, "second")
            await gate.reached()
            await screen.until(lambda: "Half " in shown(screen))
        gate.open()
        await screen.until(lambda: "A whole answer." in shown(screen))
        assert shown(screen) == ["first", "one", "second", "A whole answer."]
        assert numbers_grow(screen)
    await site.turns.stop()
    await talk.copy()
    assert await talk.agreed() == ["first", "one", "second", "A whole answer."]


async def test_an_abandoned_message_whose_answer_the_transcript_has_is_not_answered_anew(
    make_store: StoreMaker,  # noqa: F811
) -> None:
    talk = Talk(make_store(lease=0.02))
    await begun(talk)
    turn = await talk.begin("second")
    async with talk.forgotten():
        await talk.answer(turn, "two")
        await talk.copy()
    site = Site(talk.store, ["A second answer."])
    sweep = asyncio.create_task(site.turns.sweep())
    async with asyncio.timeout(10):
        while await talk.history() != ["first", "one", "second", "two"]:
            await asyncio.sleep(0.01)
    sweep.cancel()
    await site.turns.stop()
    assert site.model.asked == []
    assert await talk.agreed() == ["first", "one", "second", "two"]


async def test_a_transcript_that_cannot_be_written_in_another_order_is_left_alone(
    talk: Talk,
) -> None:
    said: list[BaseMessage] = [HumanMessage("x", id="m")]
    clash, beyond = Copy(talk.session_id, 0, said), Copy(talk.session_id, 5, said)
    for copy in (clash, beyond):
        assert await sync_to_async(write)([copy]) == {talk.session_id}
    assert await talk.rows() == [(0, "first"), (1, "one")]


# --- when Redis was away --------------------------------------------------------------------------


@asynccontextmanager
async def looking_back(talk: Talk) -> AsyncIterator[None]:
    beside = [
        asyncio.create_task(work())
        for work in (talk.healing.keep_looking_back, talk.healing.keep_comparing)
    ]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def test_when_another_redis_answers_conversations_are_compared_though_nobody_comes(
    tmp_path: Path,
) -> None:
    server = RedisServer(tmp_path / "redis", tmp_path / "redis.sock")
    server.start()
    talk = Talk(Store(server.url, LIMITS))
    try:
        await begun(talk)
        async with looking_back(talk):
            for answer in ("two", "three"):  # at the start of the process, and later on
                async with talk.forgotten():
                    await talk.ask("once more", answer)
                    await talk.copy()
                server.stop()
                server.start()
                async with asyncio.timeout(20):
                    while (await talk.history())[-1] != answer:
                        await asyncio.sleep(0.05)
        history = ["first", "one", "once more", "two", "once more", "three"]
        assert await talk.agreed() == history
    finally:
        await talk.store.aclose()
        server.stop()
