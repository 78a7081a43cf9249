"""The turn's store against its promises: every step in random order, by any worker, also twice.

    PROOF_EXAMPLES=50000 .venv/bin/python -m pytest tests/proof/test_model.py

looks for about an hour, each time elsewhere; without the variable it is the same short walk each
time. A failure is shrunk to the shortest story that shows it, and printed.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from chat import events, marks
from chat.conversations import Cut, Look, Snapshot, Turn
from chat.cut import closing_events, messages_said
from chat.errors import ChatError, SessionGone, StaleTurn
from chat.events import Run
from chat.store import Limits, Store
from tests.agui import verify
from tests.proof.promises import Conversation, Holder

EXAMPLES = int(os.environ.get("PROOF_EXAMPLES", "0"))
WINDOW = 3
# No lease runs out by itself: `time_passes` says when.
LIMITS = Limits(ttl=3_600, lease=3_600, window=WINDOW, rate=(100_000, 1_000))
# Events of past turns that a tab can still be given one by one.
KEPT_EVENTS = 256

SESSIONS = st.integers(0, 1)
WORKERS = st.integers(0, 2)
MESSAGES = st.integers(0, 5)
# How often a call is sent: again at once, or when something else has happened in between.
ONCE, TWICE, LATE = 1, 2, 3
TIMES = st.sampled_from([ONCE, ONCE, ONCE, TWICE, LATE])
# Mostly the newest turn, sometimes one that is long over.
AGE = st.sampled_from([0, 0, 0, 0, 0, 1, 2, 3])
# A process that drains takes messages and leaves them to others.
BEGINS = st.sampled_from([True, True, True, False])
WORDS = st.sampled_from([1, 2, 2, 300])


class Session:
    """One session in Redis, and the same by its promises."""

    def __init__(self) -> None:
        self.id = uuid4().hex
        self.promised = Conversation()
        self.turns: list[tuple[Turn, Holder]] = []
        self.cuts: dict[Holder, Cut] = {}
        self.beats: dict[Holder, list[bytes]] = {}
        self.looks: list[tuple[int, int]] = []
        self.fence = 0

    def take(self, turn: Turn) -> None:
        """A worker was given a turn: it is the newest holder, and knows all that it must."""
        promised = self.promised
        running = promised.running
        assert running is not None
        assert turn.run_id == running.run_id
        assert turn.message.id == running.message_id
        assert turn.message.text == promised.texts[running.message_id]
        assert turn.tries == running.tries
        assert turn.first == running.first
        self.turns.append((turn, promised.holder))

    def turn(self, age: int) -> tuple[Turn, Holder]:
        return self.turns[-1 - min(age, len(self.turns) - 1)]


class Conversations(RuleBasedStateMachine):
    """Customers, workers and time, over two sessions and three workers on one server."""

    def __init__(self, runner: asyncio.Runner, stores: list[Store], client: redis.Redis) -> None:
        super().__init__()
        self.runner = runner
        self.stores = stores
        self.client = client
        self.sessions = [Session(), Session()]
        self.sent: list[Callable[[], None]] = []
        self.late: list[Callable[[], None]] = []
        self.texts = 0
        for session in self.sessions:
            self.run(stores[0].open(session.id))

    def run(self, call: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await call

        return self.runner.run(wait())

    def step(self, step: Callable[[], None], times: int = 1) -> None:
        """Does a step, more than once where its answer was lost on the way."""
        for _ in range(2 if times == TWICE else 1):
            step()
        late, self.late = self.late, [step] if times == LATE else []
        for again in late:
            again()
        self.sent.append(step)

    def both(self, call: Awaitable[Any], promised: Callable[[], Any]) -> tuple[Any, Any] | None:
        """What the store and the promises answer; None when both refuse, for the same reason."""
        expected = refusal = None
        try:
            expected = promised()
        except ChatError as error:
            refusal = type(error)
        try:
            found = self.run(call)
        except ChatError as error:
            assert type(error) is refusal, f"{type(error)} instead of {refusal}"
            return None
        assert refusal is None, f"{found} instead of {refusal}"
        return found, expected

    # --- customers ----------------------------------------------------------------------------

    @rule(at=SESSIONS, by=WORKERS, number=MESSAGES, begins=BEGINS, times=TIMES)
    def accept(self, at: int, by: int, number: int, begins: bool, times: int) -> None:
        session, store = self.sessions[at], self.stores[by]
        self.texts += 1
        message_id, text, run = f"m{number}", f"text {self.texts}", _run(session, begins)
        acknowledgement = _encoded(events.acknowledgement(message_id, text, "now"))
        started = events.encode(run.started())

        stored = False

        def step() -> None:
            nonlocal stored
            promised = session.promised
            left_behind = promised.abandoned
            # By this very call, or by another that came before it.
            stored = stored or message_id not in promised.numbers
            answers = self.both(
                store.accept(
                    session.id,
                    1,
                    HumanMessage(text, id=message_id),
                    acknowledgement,
                    run.run_id,
                    started,
                ),
                lambda: promised.accept(message_id, text, acknowledgement, run.run_id, started),
            )
            if answers is None:
                return
            accepted, begins = answers
            assert accepted.seq == promised.numbers[message_id]
            assert (accepted.turn is not None) == begins
            if accepted.turn is not None:
                session.take(accepted.turn)
                assert [m.id for m in accepted.turn.window] == promised.window(WINDOW)
            else:
                assert accepted.left_behind == left_behind
            if accepted.known is not None:
                assert accepted.known.text == promised.texts[message_id]
            assert accepted.known is not None or stored

        self.step(step, times)

    @rule(at=SESSIONS, by=WORKERS, times=TIMES)
    def cancel(self, at: int, by: int, times: int) -> None:
        self._cut(self.sessions[at], self.stores[by], times, resume=False)

    @rule(at=SESSIONS, after=st.integers(0, 400))
    def read(self, at: int, after: int) -> None:
        session = self.sessions[at]
        promised = session.promised
        after = max(0, len(promised.told) - after)
        try:
            found = self.run(self.stores[0].events_after(session.id, after))
        except SessionGone:
            assert promised.gone
            return
        if isinstance(found, Snapshot):
            # Only what is older than the running turn, and than the newest of the others.
            assert len(promised.told) - after > KEPT_EVENTS
            if promised.running is not None:
                assert after < promised.running.first - 1
        else:
            assert found == (after + 1, promised.told[after:])

    # --- workers ------------------------------------------------------------------------------

    @rule(at=SESSIONS, by=WORKERS, age=AGE, words=WORDS, times=TIMES)
    def beat(self, at: int, by: int, age: int, words: int, times: int) -> None:
        session, store = self.sessions[at], self.stores[by]
        if not session.turns:
            return
        turn, holder = session.turn(age)
        run, said = Run(session.id, turn.run_id), session.beats.setdefault(holder, [])
        number = len(said) + 1
        text = f"{turn.run_id}/{holder}"
        bodies = _encoded(
            [*([run.text_start(text)] if number == 1 else []), *[run.text(text, "word ")] * words]
        )
        said.append(b"".join(bodies))

        def step() -> None:
            answers = self.both(
                store.beat(turn, number, bodies),
                lambda: session.promised.say(holder, number, bodies),
            )
            if answers is not None and answers[1] is not None:
                assert answers[0] == answers[1]

        self.step(step, times)

    @rule(
        at=SESSIONS,
        by=WORKERS,
        age=AGE,
        how=st.sampled_from(["words", "words", "tools", "failed"]),
        begins=BEGINS,
        times=TIMES,
    )
    def commit(self, at: int, by: int, age: int, how: str, begins: bool, times: int) -> None:
        session = self.sessions[at]
        if session.turns:
            self._commit(session, self.stores[by], age, times, how=how, begins=begins)

    @rule(at=SESSIONS, by=WORKERS, age=AGE, times=TIMES)
    def release(self, at: int, by: int, age: int, times: int) -> None:
        session, store = self.sessions[at], self.stores[by]
        if not session.turns:
            return
        turn, holder = session.turn(age)
        if holder in session.cuts:
            return  # whoever ends a turn for a customer does not give that up

        def step() -> None:
            self.run(store.release(turn))
            session.promised.release(holder)

        self.step(step, times)

    @rule(at=SESSIONS)
    def time_passes(self, at: int) -> None:
        session = self.sessions[at]
        if session.promised.running is not None:
            session.promised.lapse()
            self.client.hset(f"{{chat_history:{session.id}}}:state", "lease", "1")

    @rule(at=SESSIONS, by=WORKERS)
    def notice(self, at: int, by: int) -> None:
        """Somebody looks; what they then do may come much later."""
        session = self.sessions[at]
        look = self.run(self.stores[by].look(session.id))
        if look is not None:
            session.looks.append((look.fence, session.promised.moves))

    @rule(at=SESSIONS, by=WORKERS, age=AGE, times=TIMES)
    def recover(self, at: int, by: int, age: int, times: int) -> None:
        session, store = self.sessions[at], self.stores[by]
        if not session.looks:
            return
        fence, moves = session.looks[-1 - min(age, len(session.looks) - 1)]
        run, running = _run(session), session.promised.running
        bodies = _encoded([run.started()])
        if running is not None:
            dead = Run(session.id, running.run_id)
            bodies.insert(0, events.encode(dead.error(StaleTurn.code, StaleTurn.default)))

        def step() -> None:
            promised = session.promised
            found, expected = self.both(  # type: ignore[misc] # neither ever refuses
                store.recover(session.id, fence, run.run_id, bodies),
                lambda: promised.recover(moves, run.run_id, bodies),
            )
            assert (found is not None) == expected
            if found is not None:
                seq, turn = found
                session.take(turn)
                assert seq == turn.first - len(bodies) + 1

        self.step(step, times)

    @rule(at=SESSIONS, by=WORKERS, times=TIMES)
    def resume_a_cut(self, at: int, by: int, times: int) -> None:
        self._cut(self.sessions[at], self.stores[by], times, resume=True)

    @rule(at=SESSIONS, by=WORKERS, share=st.floats(0, 1))
    def copy(self, at: int, by: int, share: float) -> None:
        """The transcript has so much, as some worker thinks, who may be late."""
        session = self.sessions[at]
        count = int(len(session.promised.history) * share)

        def step() -> None:
            store = self.stores[by]
            if entries := self.run(store.entries(session.id, 0))[:count]:
                assert not self.run(store.mark_copied([(session.id, count, entries[-1])]))
            if not session.promised.gone:
                session.promised.copied = max(session.promised.copied, count)

        self.step(step)

    @precondition(lambda self: self.sent)
    @rule(age=st.integers(0, 7))
    def a_call_arrives_again_late(self, age: int) -> None:
        self.sent[-1 - min(age, len(self.sent) - 1)]()

    @rule()
    def redis_forgets_the_scripts(self) -> None:
        self.client.script_flush()

    # --- endings ------------------------------------------------------------------------------

    @rule(at=SESSIONS, by=WORKERS, sure=st.sampled_from([False, False, True]))
    def close(self, at: int, by: int, sure: bool) -> None:
        if sure:
            self.run(self.stores[by].close(self.sessions[at].id))
            self.sessions[at].promised.close()

    @rule(at=SESSIONS, by=WORKERS, sure=st.sampled_from([False, False, True]))
    def purge(self, at: int, by: int, sure: bool) -> None:
        session, store = self.sessions[at], self.stores[by]
        count = self.run(store.purge(session.id, count_only=not sure))
        if not sure:
            assert count == len(session.promised.history) + len(session.promised.waiting)
            return
        assert count == session.promised.purge()
        assert not self.both(store.open(session.id), partial(_refuse, SessionGone))

    # --- what must be true after every step ---------------------------------------------------

    @invariant()
    def redis_keeps_what_was_promised(self) -> None:
        for session in self.sessions:
            self._compare(session)

    def teardown(self) -> None:
        """In the end everything that was accepted is answered, once, in the order of acceptance."""
        for session in self.sessions:
            promised = session.promised
            while promised.waiting:
                self.time_passes(self.sessions.index(session))
                if promised.stopping:
                    self._cut(session, self.stores[0], 1, resume=True)
                else:
                    self.notice(self.sessions.index(session), 0)
                    self.recover(self.sessions.index(session), 1, 0, 1)
                if session.promised.running is not None and not session.promised.lapsed:
                    self._commit(session, self.stores[2], 0, 1, how="words", begins=True)
                self._compare(session)
            assert sorted(m for m in promised.history if m in promised.texts) == sorted(
                promised.numbers
            )
            verify(
                orjson.loads(events.frame(body, number))
                for number, body in enumerate(promised.told, 1)
            )
        # Of a long walk nothing piles up.
        self.client.flushdb()

    # --- how ----------------------------------------------------------------------------------

    def _cut(self, session: Session, store: Store, times: int, *, resume: bool) -> None:
        name = uuid4().hex

        def step() -> None:
            promised = session.promised
            found, expected = self.both(  # type: ignore[misc] # neither ever refuses
                store.cut(session.id, resume=resume, cut_id=name),
                lambda: promised.cut(name, resume=resume),
            )
            assert (found is not None) == expected
            if found is not None:
                session.take(found.turn)
                session.cuts[promised.holder] = found
                assert promised.running is not None
                assert found.events == promised.told[promised.running.first - 1 :]

        self.step(step, times)

    def _commit(
        self, session: Session, store: Store, age: int, times: int, *, how: str, begins: bool
    ) -> None:
        turn, holder = session.turn(age)
        run, following = Run(session.id, turn.run_id), _run(session, begins)
        failed = how == "failed" and holder not in session.cuts
        started = events.encode(following.started())
        asked = str(turn.message.id)
        messages: list[BaseMessage]
        if cut := session.cuts.get(holder):
            said = [event for event in map(orjson.loads, cut.events) if run.owns(event)]
            messages, ends = messages_said(said, asked), closing_events(run, said)
        elif failed:
            messages = [marks.failed_reply("internal", asked)]
            ends = [run.error("internal", "no")]
        else:
            answer = AIMessage("answer", id=uuid4().hex, additional_kwargs={marks.ANSWERS: asked})
            messages = [answer]
            if how == "tools":
                call = {"name": "t", "args": {}, "id": "c"}
                messages = [
                    AIMessage("", id=uuid4().hex, tool_calls=[call]),
                    ToolMessage("found", tool_call_id="c", id=uuid4().hex),
                    *messages,
                ]
            spoken = session.beats.get(holder)
            ends = [
                *([run.text_end(f"{turn.run_id}/{holder}")] if spoken else []),
                run.finished(),
            ]
        bodies = _encoded(ends)
        ids = [str(message.id) for message in messages]

        def step() -> None:
            promised = session.promised
            answers = self.both(
                store.commit(turn, messages, bodies, following.run_id, started, failed=failed),
                lambda: promised.commit(
                    holder, ids, bodies, following.run_id, started, failed=failed
                ),
            )
            if answers is None:
                return
            (seq, next_turn), (first, begins) = answers
            assert seq == first
            assert (next_turn is not None) == begins
            if next_turn is not None:
                session.take(next_turn)
                assert [m.id for m in next_turn.window] == promised.window(WINDOW)

        self.step(step, times)

    def _compare(self, session: Session) -> None:
        promised, store = session.promised, self.stores[0]
        look, snapshot = self.run(_seen(store, session.id))
        if promised.gone:
            assert look is None
            assert snapshot is None
            return
        running = promised.running
        assert snapshot.mode == promised.mode
        assert [m.id for m in snapshot.messages] == promised.history
        assert [m.text for m in snapshot.messages if m.id in promised.texts] == [
            promised.texts[i] for i in promised.history if i in promised.texts
        ]
        assert [m.id for m in snapshot.waiting] == [
            i for i in promised.waiting if i not in promised.history
        ]
        assert snapshot.again == {i for i in promised.waiting if i in promised.history}
        assert marks.unanswered(snapshot.messages) - snapshot.again == promised.failed
        assert snapshot.events == (promised.told[running.first - 1 :] if running else [])
        assert snapshot.seq == (running.first - 1 if running else len(promised.told))
        assert look.fence >= session.fence
        session.fence = look.fence
        assert look.run_id == (running.run_id if running else "")
        assert (look.cutting, look.abandoned) == (promised.stopping, promised.abandoned)
        assert look.waiting == len(promised.waiting)
        assert (look.length, look.copied) == (len(promised.history), promised.copied)


async def _seen(store: Store, session_id: str) -> tuple[Look | None, Snapshot | None]:
    look = await store.look(session_id)
    try:
        return look, await store.snapshot(session_id, 1_000)
    except SessionGone:
        return look, None


def _refuse(error: type[ChatError]) -> None:
    raise error


def _run(session: Session, begins: bool = True) -> Run:
    return Run(session.id, str(uuid4()) if begins else "")


def _encoded(said: list[events.Event]) -> list[bytes]:
    return [events.encode(event) for event in said]


def test_whatever_happens_in_whatever_order_the_turn_keeps_its_promises(redis_url: str) -> None:
    with asyncio.Runner() as runner, redis.Redis.from_url(redis_url) as client:
        stores: list[Store] = []

        async def connect() -> None:
            stores.extend(Store(redis_url, LIMITS) for _ in range(3))

        runner.run(connect())
        try:
            run_state_machine_as_test(
                partial(Conversations, runner, stores, client),  # type: ignore[arg-type] # any maker
                settings=settings(
                    max_examples=EXAMPLES or 200,
                    stateful_step_count=40,
                    derandomize=not EXAMPLES,
                    database=None,
                    report_multiple_bugs=False,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            for store in stores:
                runner.run(store.aclose())
