"""The turn: one message, one answer, all of it or none of it, whatever crashes.

accept (the message is safe) → the agent answers, its words kept and numbered by beats → commit
(messages, acknowledgement and the next turn in one step). A turn is a task of its own: a socket
that closes does not end it.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import orjson
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool

from chat import events, marks
from chat.agent import Guard
from chat.assistant import Assistant
from chat.conversations import Accepted, Cut, Turn
from chat.cut import closing_events, messages_said
from chat.errors import (
    ChatError,
    HistoryForgotten,
    HistoryUnavailable,
    MessageEmpty,
    MessageTooLong,
    StaleTurn,
    TurnForgotten,
)
from chat.events import Event, Run
from chat.progress import Progress
from chat.prompts import system_prompt
from chat.store import Store
from chat.summaries import Summaries
from chat.window import view

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Check(Protocol):
    """Mends a session that Redis has partly forgotten: :meth:`chat.healing.Healing.check`."""

    async def __call__(
        self, session_id: str, *, went_back: bool = False, held: BaseMessage | None = None
    ) -> None: ...


# Words that come within so many seconds leave in one frame; the first ones go at once.
BEAT = 0.05
# Seconds after which a turn that has lost its lease has stopped at the latest.
RENEWAL = 0.5
# A message of which so many workers died is not tried again.
TRIES = 3
# A number that no event reaches: tabs that hear of it know that they have missed something.
NOT_YET = 2**53


class Turns:
    """The turns that this process leads.

    Args:
        store: the conversations.
        publish: shows the session's tabs events, numbered from the first one's number on.
        assistant: answers.
        max_chars: code points in one message.
        window_tokens: how much of the conversation the model sees.
        tools_for: the tools for the customer of a session, by session id; None when the session
            is no longer there.
        guard_for: what a turn's words must pass, by the turn and the conversation as the model
            sees it; asked after ``tools_for``.
        stored: told the id of each session that has something new for its transcript.
        check: mends sessions that Redis has partly forgotten.
        summaries: makes notes on what the model does not see any more; None where none are made.
    """

    def __init__(
        self,
        store: Store,
        publish: Callable[[str, int, Sequence[bytes]], None],
        assistant: Assistant,
        *,
        max_chars: int,
        window_tokens: int,
        tools_for: Callable[[str], Awaitable[Sequence[BaseTool] | None]],
        guard_for: Callable[[Turn, Sequence[BaseMessage]], Awaitable[Guard]],
        stored: Callable[[str], None],
        check: Check,
        summaries: Summaries | None = None,
    ) -> None:
        self._store = store
        self._publish = publish
        self._assistant = assistant
        self._max_chars = max_chars
        self._window_tokens = window_tokens
        self._tools_for = tools_for
        self._guard_for = guard_for
        self._stored = stored
        self._check = check
        self._summaries = summaries
        self._led: dict[str, tuple[Turn, asyncio.Task[None]]] = {}
        self._tasks: dict[asyncio.Task[None], str] = {}  # each with its session's id
        self._begins = True

    # --- what a door asks for -----------------------------------------------------------------

    async def accept(
        self, session_id: str, customer_id: int, message_id: str, text: str, *, seen: int = 0
    ) -> list[str]:
        """Takes a message: from here on it is never lost, and it is answered once.

        ``seen`` is the newest number that its sender was sent. Answers the frames for the sender
        alone: the repeated acknowledgement of an id that was seen before. Everything else goes to
        the session's tabs.

        Raises:
            Refused: the message was not taken; nothing was changed.
            HistoryUnavailable: whether it was taken is unknown; the same id may be sent again.
        """
        if not text.strip():
            raise MessageEmpty
        if len(text) > self._max_chars:
            raise MessageTooLong(len(text), self._max_chars)
        run = self._next_run(session_id)
        at = marks.now()
        message = HumanMessage(text, id=message_id, additional_kwargs={marks.AT: at})
        acknowledgement = _encoded(events.acknowledgement(message_id, text, at))
        accept = partial(
            self._store.accept,
            session_id,
            customer_id,
            message,
            acknowledgement,
            run.run_id,
            events.encode(run.started()),
        )
        try:
            accepted = await accept(seen=seen)
        except HistoryForgotten:
            await self._check(session_id, went_back=True)
            accepted = await accept()
        own = _repeated(accepted)
        if not own:
            self._publish(session_id, accepted.seq, acknowledgement)
        if accepted.turn is not None:
            self._lead(accepted.turn)
        elif accepted.left_behind:
            self.look_after(session_id)
        return own

    async def cancel(self, session_id: str) -> None:
        """Stops the running turn, if there is one; what was said so far is kept and marked."""
        # Awaited, so that it stops the turn that runs now and none of a message to come.
        if cut := await self._store.cut(session_id):
            self._spawn(session_id, self._finish_cut(cut))

    def look_after(self, session_id: str) -> None:
        """Answers what a dead worker left behind; does nothing when all is well."""
        if self._begins:
            self._spawn(session_id, self._recover(session_id))

    # --- in the background --------------------------------------------------------------------

    async def keep_leases(self) -> None:
        """Renews the leases of all turns here, and stops those that lost theirs.

        A turn that speaks finds out by its next beat; one whose model is silent, here. Runs until
        cancelled.
        """
        while True:
            await asyncio.sleep(min(self._store.limits.lease / 3, RENEWAL))
            led = dict(self._led)
            with suppress(HistoryUnavailable):  # the next round finds out which are still ours
                for turn, lost in await self._store.renew([turn for turn, _ in led.values()]):
                    if isinstance(lost, TurnForgotten):
                        self._spawn(turn.session_id, self._put_back(turn))
                    # Else it has ended meanwhile, and its task answers the next message.
                    if self._led.get(turn.session_id) is led[turn.session_id]:
                        led[turn.session_id][1].cancel()

    async def sweep(self) -> None:
        """Takes up what dead workers left behind, wherever; runs until cancelled."""
        while True:
            # Spread out, so that the processes do not all look at the same moment.
            await asyncio.sleep(self._store.limits.lease * random.uniform(0.3, 0.6))  # noqa: S311
            with suppress(HistoryUnavailable):
                await self._sweep_once()

    async def _sweep_once(self) -> None:
        due = await self._store.due(self._store.limits.lease)
        looks = await self._store.look_each([session_id for session_id, _ in due])
        for (session_id, score), look in zip(due, looks, strict=True):
            if look is not None and look.abandoned:
                # In a task of its own: one that cannot be mended must not hold up the others.
                self.look_after(session_id)
            elif look is not None and look.copied < look.length:
                self._stored(session_id)
            elif look is None or not look.waiting:
                await self._store.settle(session_id, score)

    # --- the end of the process ---------------------------------------------------------------

    @property
    def busy(self) -> set[str]:
        """The sessions in which this process has something to do."""
        return set(self._tasks.values())

    def begin_no_more(self) -> None:
        """From now on messages are taken, and left to other processes to answer."""
        self._begins = False

    async def one_ends(self, timeout: float) -> None:  # noqa: ASYNC109 - returns, does not raise
        """Waits until this process has less to do, for at most so many seconds."""
        await asyncio.wait(self._tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Gives up what this process leads; whoever notices first takes it up."""
        left = [turn for turn, _ in self._led.values()]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        released = (self._store.release(turn) for turn in left)
        await asyncio.gather(*released, return_exceptions=True)

    # --- leading a turn -----------------------------------------------------------------------

    async def _recover(self, session_id: str) -> None:
        look = await self._store.look(session_id)
        if look is None or not look.abandoned:
            return
        if look.cutting:
            if cut := await self._store.cut(session_id, resume=True):
                await self._finish_cut(cut)
            return
        # The transcript may have an answer that Redis has forgotten; then this look is void.
        await self._check(session_id)
        run = _new_run(session_id)
        bodies = _encoded([run.started()])
        if look.run_id:
            dead = Run(session_id, look.run_id)
            bodies.insert(0, events.encode(dead.error(StaleTurn.code, StaleTurn.default)))
        recovered = await self._store.recover(session_id, look.fence, run.run_id, bodies)
        if recovered is not None:
            seq, turn = recovered
            self._publish(session_id, seq, bodies)
            self._lead(turn, said=True)

    def _lead(self, turn: Turn, *, said: bool = False) -> None:
        """Answers ``turn`` and those that wait behind it, in a task of its own."""
        if not said:
            self._say_started(turn)
        self._spawn(turn.session_id, self._lead_on(turn))

    async def _lead_on(self, turn: Turn | None) -> None:
        while turn is not None:
            turn = await self._answer(turn)

    async def _answer(self, turn: Turn) -> Turn | None:
        """One turn. Answers the next one when a message waits.

        Raises:
            StaleTurn: the fence has moved.
            HistoryUnavailable: Redis was away for longer than the lease.
        """
        run = Run(turn.session_id, turn.run_id)
        progress = Progress(run, str(turn.message.id))
        try:
            if turn.tries > TRIES:
                raise ChatError
            await self._say(turn, progress)
        except (StaleTurn, HistoryUnavailable):
            raise
        except ChatError as error:
            return await self._fail(turn, run, error)
        except Exception:
            logger.exception("Turn %s failed", turn.run_id)
            return await self._fail(turn, run, ChatError())
        return await self._commit(turn, progress.finished(), [*progress.take(), run.finished()])

    async def _say(self, turn: Turn, progress: Progress) -> None:
        """Lets the agent answer and says its words as they come."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        led = self._led[turn.session_id] = (turn, task)
        producer = asyncio.create_task(self._produce(turn, progress))
        producer.add_done_callback(lambda _: progress.wake.set())
        number, pause = 0, 0.0
        try:
            while True:
                await progress.wake.wait()
                progress.wake.clear()
                if pause:
                    await asyncio.wait({producer}, timeout=pause)
                if producer.done():
                    break
                if said := progress.take():
                    number, pause = number + 1, BEAT
                    await self._beat(turn, number, _encoded(said))
            producer.result()
        finally:
            # Before the commit, after which the turn's fence is no longer the newest.
            if self._led.get(turn.session_id) is led:
                del self._led[turn.session_id]
            if not producer.cancel():  # it has ended; what of, is known or does not matter any more
                producer.cancelled() or producer.exception()
            else:
                await asyncio.gather(producer, return_exceptions=True)

    async def _produce(self, turn: Turn, progress: Progress) -> None:
        tools = await self._tools_for(turn.session_id)
        if tools is None:
            raise StaleTurn
        seen, more = view(turn, self._window_tokens)
        notes = turn.summary if more else ""
        prompt = SystemMessage(system_prompt(date.today(), notes))  # noqa: DTZ011
        guard = await self._guard_for(turn, seen)
        async for happened in self._assistant.answer(
            turn.session_id, turn.run_id, tools, [prompt, *seen], guard
        ):
            progress.add(happened)

    async def _beat(self, turn: Turn, number: int, bodies: list[bytes]) -> None:
        seq = await self._insist(turn, lambda: self._store.beat(turn, number, bodies))
        self._publish(turn.session_id, seq, bodies)

    async def _fail(self, turn: Turn, run: Run, error: ChatError) -> Turn | None:
        reply = marks.failed_reply(error.code, str(turn.message.id))
        return await self._commit(turn, [reply], [run.error(error.code, str(error))], failed=True)

    async def _finish_cut(self, cut: Cut) -> None:
        """Commits what a stopped turn has said, and goes on with the message after it."""
        turn = cut.turn
        figures = self._assistant.stopped(turn.run_id)
        led = self._led.get(turn.session_id)
        if led is not None and led[0].run_id == turn.run_id:
            led[1].cancel()
        run = Run(turn.session_id, turn.run_id)
        said = [event for event in map(orjson.loads, cut.events) if run.owns(event)]
        messages = messages_said(said, str(turn.message.id))
        if figures is not None:
            messages[-1].additional_kwargs[marks.FIGURES] = figures
        following = await self._commit(turn, messages, closing_events(run, said))
        if following is not None:
            self._lead(following, said=True)

    async def _commit(
        self,
        turn: Turn,
        messages: Sequence[BaseMessage],
        said: Sequence[Event],
        *,
        failed: bool = False,
    ) -> Turn | None:
        run = self._next_run(turn.session_id)
        bodies = _encoded(said)
        started = events.encode(run.started())
        seq, following = await self._insist(
            turn,
            lambda: self._store.commit(turn, messages, bodies, run.run_id, started, failed=failed),
        )
        self._publish(turn.session_id, seq, bodies)
        self._stored(turn.session_id)
        if self._summaries is not None:
            self._summaries.after(turn, messages)
        if following is not None:
            self._say_started(following)
        return following

    def _say_started(self, turn: Turn) -> None:
        started = events.encode(Run(turn.session_id, turn.run_id).started())
        self._publish(turn.session_id, turn.first, [started])

    async def _insist(self, turn: Turn, call: Callable[[], Awaitable[T]]) -> T:
        """Calls again while Redis is away, for as long as the turn's lease could last."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._store.limits.lease
        pause = BEAT
        while True:
            try:
                try:
                    return await call()
                except TurnForgotten:
                    await self._put_back(turn)
                    raise
            except HistoryUnavailable:
                if loop.time() + pause > deadline:
                    # It may have been done nevertheless, with nobody told: the tabs must read.
                    self._publish(turn.session_id, NOT_YET, [])
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1)

    async def _put_back(self, turn: Turn) -> None:
        """Its message was accepted and Redis has forgotten it: it waits again."""
        await self._check(turn.session_id, held=turn.message)

    def _next_run(self, session_id: str) -> Run:
        """The run of a turn that may begin; without an id it is left to others."""
        return _new_run(session_id) if self._begins else Run(session_id, "")

    def _spawn(self, session_id: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = session_id
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if task.cancelled():
            return
        match task.exception():
            case None | StaleTurn():
                pass  # it ended, or somebody else ends it: another worker, a stop, a purge
            case HistoryUnavailable():
                # Nothing is lost: the sweep finds it.
                logger.warning("A turn is left for later: Redis does not answer")
            case error:
                logger.error("A turn's task failed", exc_info=error)


def _new_run(session_id: str) -> Run:
    return Run(session_id, str(uuid4()))


def _encoded(said: Sequence[Event]) -> list[bytes]:
    return [events.encode(event) for event in said]


def _repeated(accepted: Accepted) -> list[str]:
    """The acknowledgement of a message that was seen before, under its first numbers."""
    if accepted.known is None:
        return []
    known = accepted.known
    at = known.additional_kwargs.get(marks.AT, marks.now())
    bodies = _encoded(events.acknowledgement(str(known.id), known.text, at))
    return [events.frame(body, seq) for seq, body in enumerate(bodies, accepted.seq)]
