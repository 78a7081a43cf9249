"""Many calls at once, and a server that keeps them waiting."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from chat.errors import HistoryUnavailable
from chat.lanes import SENDERS, TOGETHER, Call, Lane


class Server:
    """Answers each call with its keys, when it may; ``taken`` are the calls that reached it."""

    def __init__(self) -> None:
        self.taken: list[list[Call]] = []
        self.answers = asyncio.Event()
        self.failure: Exception | None = None

    async def exchange(self, calls: list[Call]) -> list[Any]:
        self.taken.append(calls)
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure
        return [call.keys[0] for call in calls]


def ask(lane: Lane, count: int) -> list[Call]:
    calls = [Call("script", [str(number)], [], b"") for number in range(count)]
    for call in calls:
        lane.add(call)
    return calls


async def answers(calls: list[Call]) -> list[Any]:
    waiting = [call.answer for call in calls]
    return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)


async def test_calls_of_one_moment_leave_together_and_each_gets_its_answer() -> None:
    server = Server()
    server.answers.set()
    calls = ask(lane := Lane(server.exchange), 50)
    assert await answers(calls) == [str(number) for number in range(50)]
    assert len(server.taken) == 1
    await lane.drained()


async def test_a_rush_waits_for_its_turn_however_long_that_takes() -> None:
    server = Server()
    rush = (SENDERS + 3) * TOGETHER
    calls = ask(lane := Lane(server.exchange), rush)
    while len(server.taken) < SENDERS:
        await asyncio.sleep(0)
    assert sum(map(len, server.taken)) == SENDERS * TOGETHER
    server.answers.set()
    assert await answers(calls) == [str(number) for number in range(rush)]
    await lane.drained()


async def test_those_who_wait_behind_a_silent_server_are_told_with_the_first() -> None:
    server = Server()
    calls = ask(lane := Lane(server.exchange), (SENDERS + 3) * TOGETHER)
    server.failure = RedisTimeoutError("no answer")
    server.answers.set()
    assert all(isinstance(answer, HistoryUnavailable) for answer in await answers(calls))
    assert len(server.taken) == SENDERS, "the rest was not sent"
    server.failure = None
    assert await answers(ask(lane, 1)) == ["0"], "it resumes"
    await lane.drained()


async def test_a_caller_who_gives_up_leaves_the_others_their_answers() -> None:
    server = Server()
    calls = ask(lane := Lane(server.exchange), 3)
    calls[1].answer.cancel()
    server.answers.set()
    assert await answers([calls[0], calls[2]]) == ["0", "2"]
    assert [call.keys[0] for call in server.taken[0]] == ["0", "1", "2"], "it was made all the same"
    await lane.drained()


async def test_a_fault_of_ours_reaches_the_callers_as_it_is() -> None:
    server = Server()
    server.failure = ZeroDivisionError("ours")
    server.answers.set()
    with pytest.raises(ZeroDivisionError):
        await ask(Lane(server.exchange), 1)[0].answer
