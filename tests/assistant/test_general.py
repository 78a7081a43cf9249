"""A question about how the shop does something is told from one about an order."""

from dataclasses import replace

import pytest

from chat.llm.offline.conversation import About, Conversation, LookedUp
from chat.llm.offline.intents import Intent
from chat.llm.offline.planning import next_step
from chat.llm.offline.reading import Understanding
from chat.llm.offline.steps import Say
from chat.llm.offline.understanding import wishes

# What is meant in general, and next to it what is about an order, in much the same words.
PAIRS = [
    ("How long does a refund take?", Intent.RETURN),
    ("How long does my refund take?", Intent.REFUND_STATUS),
    ("how quickly do you ship to norway", Intent.DELIVERY_TIME),
    ("how quickly will my parcel to norway come", Intent.WHEN),
    ("what happens if a parcel gets lost", Intent.RULES),
    ("what happens if my parcel gets lost", Intent.STATUS),
    ("What do I do when a parcel is marked as delivered and I don't have it?", Intent.RULES),
    ("My parcel is marked as delivered and I don't have it, what do I do?", Intent.NOT_RECEIVED),
    ("my card was rejected at the checkout, what now", Intent.PAYMENT_PROBLEM),
    ("was my payment for order 48211 declined", Intent.PAYMENT_STATUS),
    ("must I call somebody to send something back", Intent.RULES),
    ("I want to talk to a person to send this back", Intent.PERSON),
]


@pytest.mark.parametrize(("text", "intent"), PAIRS, ids=lambda value: str(value))
def test_it_is_told_from_a_question_about_an_order(text: str, intent: Intent) -> None:
    talked = Conversation(text, LookedUp(), About())
    [said] = wishes(talked)
    assert said.intent is intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("what happened to 48071", Intent.STATUS),
        ("there is something wrong with order 48211, the lid is broken", Intent.DAMAGED),
        ("what's wrong with 48211, I want my money back", Intent.RETURN),
    ],
)
def test_a_named_order_does_not_hide_what_is_wanted_of_it(text: str, intent: Intent) -> None:
    talked = Conversation(text, LookedUp(), About())
    assert intent in [each.intent for each in wishes(talked)]


def test_two_wishes_that_ask_the_same_ask_it_once() -> None:
    talked = Conversation("is it late", LookedUp(), About("status", asked="which"))
    agreed = Understanding(Intent.YES, plain="yes")
    step = next_step((agreed, replace(agreed)), talked)
    assert isinstance(step, Say)
    assert step.text.count("Which one") == 1
