"""Who answers: the provider's model or ``offline``, by breaker and budget on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from chat import marks
from chat.agent import MessageFinished
from chat.assistant import Account, Assistant, Line
from chat.breaker import Breaker
from chat.budget import Budget, Spent, parse
from chat.errors import ModelUnavailable
from chat.guard.exit import NoGuard
from chat.llm import create_model
from chat.prices import parse as parse_prices
from chat.scripts import Scripts
from tests.openai_server import SILENCE, Answer, OpenAIServer, chunk, refuses, says
from tests.scripted_model import ScriptedChatModel

PRICES = parse_prices('{"currency": "EUR", "test-model": {"in": 2, "cached": 0.5, "out": 8}}')
USAGE = {
    "prompt_tokens": 1_000,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens": 50,
    "completion_tokens_details": {"reasoning_tokens": 30},
    "total_tokens": 1_050,
}
COST = 600 * 2 + 400 // 2 + 50 * 8

Starter = Callable[..., Assistant]


@pytest.fixture
async def scripts(redis_url: str) -> AsyncIterator[Scripts]:
    scripts = Scripts(redis_url)
    yield scripts
    await scripts.aclose()


@pytest.fixture
def breaker(scripts: Scripts) -> Breaker:
    return Breaker(scripts, "openai:test-model", "", patience=5)


@pytest.fixture
def budget(scripts: Scripts) -> Budget:
    return Budget(scripts, parse("customer=0.004"), lambda: date(2026, 11, 23))


@pytest.fixture
async def start(server: OpenAIServer, breaker: Breaker, budget: Budget) -> AsyncIterator[Starter]:
    """An assistant of both lines; the second one's answer is always the same."""

    async def customer_of(session_id: str) -> int:
        return int(session_id)

    def start(prices: Any = PRICES) -> Assistant:
        name = "openai:test-model"
        model = create_model(name, api_key="k", base_url=server.url, timeout=5)
        second = ScriptedChatModel(*[["Second."]] * 20)
        started.append(
            Assistant(
                Line(name, model),
                Line("offline", second),
                breaker=breaker,
                account=Account(budget, customer_of),
                price=prices.of(name),
                timeout=5,
            )
        )
        return started[-1]

    started: list[Assistant] = []
    yield start
    for assistant in started:
        await assistant.aclose()


@pytest.fixture
def server() -> Any:
    with OpenAIServer() as running:
        yield running


def expensive() -> Answer:
    return Answer([chunk({"content": "First."}), chunk({}, "stop"), chunk(usage=USAGE)])


async def answer(assistant: Assistant, run_id: str = "run", customer: int = 1) -> BaseMessage:
    *_, last = [
        event
        async for event in assistant.answer(
            str(customer), run_id, [], [HumanMessage("hello")], NoGuard()
        )
    ]
    assert isinstance(last, MessageFinished)
    return last.message


async def test_while_the_provider_rests_nobody_asks_it(
    start: Starter, server: OpenAIServer, breaker: Breaker
) -> None:
    server.otherwise = refuses(401)
    assistant = start()
    for _ in range(5):
        assert (await answer(assistant)).text == "Second."
    before = len(server.requests)
    last = await answer(assistant)
    assert last.additional_kwargs[marks.FIGURES]["because"] == "the provider rests"
    assert last.additional_kwargs[marks.FIGURES]["cost"] == 0
    assert len(server.requests) == before
    assert (await breaker.look()).kind == "HTTP 401"


@pytest.mark.parametrize("its_own", [refuses(400), Answer([chunk({}, "stop")])])
async def test_one_conversation_that_the_provider_does_not_take_keeps_it_from_no_other(
    start: Starter, server: OpenAIServer, breaker: Breaker, its_own: Answer
) -> None:
    server.otherwise = its_own
    assistant = start()
    for _ in range(5):
        assert (await answer(assistant)).text == "Second."
    assert not breaker.rests


async def test_an_answer_that_comes_proves_that_it_works(
    start: Starter, server: OpenAIServer, breaker: Breaker
) -> None:
    assistant = start()
    for _ in range(3):
        server.answers += [refuses(401), says("First."), refuses(401)]
        assert [(await answer(assistant)).text for _ in range(3)] == [
            "Second.",
            "First.",
            "Second.",
        ]
    # Two of them stand in a row at each seam.
    assert not breaker.rests


async def test_the_try_is_made_with_words_of_our_own(start: Starter, server: OpenAIServer) -> None:
    server.otherwise = says("Hello.")
    await start().ask()
    [request] = server.requests
    assert [m["role"] for m in request.body["messages"]] == ["user"]
    assert "tools" not in request.body


async def test_tokens_and_cost_are_kept_with_the_answer(
    start: Starter, server: OpenAIServer, budget: Budget
) -> None:
    server.otherwise = expensive()
    taken = (await answer(start())).additional_kwargs[marks.FIGURES]
    counted = {name: taken[name] for name in ("read", "cached", "written", "reasoning", "cost")}
    assert counted == {
        "read": 1_000,
        "cached": 400,
        "written": 50,
        "reasoning": 30,
        "cost": COST,
    }
    assert await budget.spent(1) == Spent(COST, 1_050)


async def test_over_the_budget_the_second_line_answers_and_only_that_customer(
    start: Starter, server: OpenAIServer
) -> None:
    server.otherwise = expensive()
    assistant = start()
    said = [await answer(assistant, f"run-{n}") for n in range(4)]
    assert [m.text for m in said] == ["First.", "First.", "First.", "Second."]
    assert said[-1].additional_kwargs[marks.FIGURES]["because"] == "the customer's budget is spent"
    assert (await answer(assistant, "other", customer=2)).text == "First."
    assert len(server.requests) == 4


async def test_a_model_without_a_price_has_an_unknown_cost(
    start: Starter, server: OpenAIServer
) -> None:
    server.otherwise = expensive()
    taken = (await answer(start(parse_prices("")))).additional_kwargs[marks.FIGURES]
    assert "cost" not in taken
    assert taken["read"] == 1_000


async def test_an_answer_that_the_customer_stops_is_paid_for(
    start: Starter, server: OpenAIServer, budget: Budget
) -> None:
    server.otherwise = Answer([chunk({"content": "First words, of many"}), SILENCE])
    events = start().answer("1", "run", [], [HumanMessage("x" * 400)], NoGuard())

    async def turn() -> None:
        async for _ in events:
            spoken.set()

    spoken = asyncio.Event()
    task = asyncio.create_task(turn())
    await asyncio.wait_for(spoken.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await budget.settled()
    assert await budget.spent(1) == Spent(100 * 2 + 5 * 8, 105)


async def test_what_the_provider_writes_beside_the_turns_is_paid_for(
    start: Starter, server: OpenAIServer, budget: Budget
) -> None:
    server.answers.append(expensive())
    assistant = start()
    assert await assistant.aside("1", "a", [HumanMessage("x" * 400)]) == "First."
    assert await budget.spent(1) == Spent(COST, 1_050)


async def test_what_a_server_does_not_count_is_guessed(
    start: Starter, server: OpenAIServer, budget: Budget
) -> None:
    server.otherwise = Answer([chunk({"content": "Four" * 5}), chunk({}, "stop")])
    assert await start().aside("1", "a", [HumanMessage("x" * 400)])
    assert await budget.spent(1) == Spent(100 * 2 + 5 * 8, 105)


async def test_a_provider_that_rests_is_not_asked_beside_the_turns_either(
    start: Starter, server: OpenAIServer
) -> None:
    server.otherwise = refuses(401)
    assistant = start()
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            await assistant.aside("1", "a", [HumanMessage("hello")])
    assert await assistant.aside("1", "a", [HumanMessage("hello")]) == ""
    assert len(server.requests) == 3


async def test_over_the_budget_nothing_is_written_beside_the_turns(
    start: Starter, server: OpenAIServer, budget: Budget
) -> None:
    await budget.count(1, "b", Spent(10_000, 1))
    assert await start().aside("1", "a", [HumanMessage("hello")]) == ""
    assert server.requests == []


async def test_what_is_asked_beside_the_turns_is_paid_for_once(
    start: Starter, budget: Budget
) -> None:
    usage = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    assistant = start()
    for _ in range(2):
        await assistant.spend("1", "summary-1", usage)
    assert await budget.spent(1) == Spent(280, 110)
