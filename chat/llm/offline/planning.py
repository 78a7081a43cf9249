"""What to do next: call a tool, or say something. Facts of orders are always looked up anew."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from chat.llm.offline import naming, policies
from chat.llm.offline.conversation import About, Conversation
from chat.llm.offline.exact import (
    ACCOUNT,
    ASKS_MORE,
    CONTACT,
    IS_ADDRESS,
    IS_CANCELLED,
    NEVER_CAME,
    PLEASE_DO,
    WITH_A_PERSON,
)
from chat.llm.offline.following import FOLLOWING
from chat.llm.offline.intents import ABOUT_ORDERS, Intent
from chat.llm.offline.orders import about_order, list_all
from chat.llm.offline.reading import Understanding
from chat.llm.offline.steps import Calls, Say, Step, call_a_person, quote
from chat.llm.offline.wording import talk
from chat.llm.offline.wording.phrases import joined


def next_step(wishes: Sequence[Understanding], talked: Conversation) -> Step:
    """The next step of this turn: what any wish still needs to look up, or else all answers."""
    steps = [_next_step(said, talked) for said in wishes]
    calls: list[tuple[str, dict[str, Any]]] = []
    for step in steps:
        for name, arguments in step.tools if isinstance(step, Calls) else ():
            again = name == "request_human" and any(name == called for called, _ in calls)
            if not again and (name, arguments) not in calls:
                calls.append((name, arguments))
    if calls:
        return Calls(tuple(calls))
    says = _asking_once([step for step in steps if isinstance(step, Say)])
    text = "\n\n".join(dict.fromkeys(say.text for say in says))
    about = next((say.about for say in reversed(says) if say.about.asked), says[-1].about)
    return Say(_toned(text, wishes[0], talked), about)


def _asking_once(says: list[Say]) -> list[Say]:
    """Without the second question which order is meant: the first one's answer serves both."""
    first = next((say for say in says if say.about.asked == "which"), None)
    return [say for say in says if say is first or say.about.asked != "which"]


def _next_step(said: Understanding, talked: Conversation) -> Step:
    if talked.looked_up.failed:
        tried_person = said.intent in (Intent.PERSON, Intent.YES)
        return Say(talk.CANNOT_REACH if tried_person else talk.CANNOT_LOOK_UP)
    listed = talked.looked_up.orders
    if said.guess and listed is not None and not naming.by_article(said.words, listed):
        said = replace(said, intent=said.otherwise, guess=False)
    if said.intent is Intent.YES and _agrees(said, talked):
        return _agreed(said, talked)
    if said.intent in FOLLOWING:
        return FOLLOWING[said.intent](said, talked)
    if said.intent is Intent.LIST:
        return list_all(said, talked)
    if said.intent is Intent.RETURN and NEVER_CAME.search(said.plain):
        # "The jars never came, I want my money back": there is nothing to send back.
        return about_order(replace(said, intent=Intent.NOT_RECEIVED), talked)
    if said.intent is Intent.CANCEL and IS_CANCELLED.search(said.plain):
        return about_order(replace(said, intent=Intent.STATUS), talked)
    if said.intent is Intent.ADDRESS and IS_ADDRESS.search(said.plain):
        return about_order(replace(said, question=True), talked)
    if said.intent in ABOUT_ORDERS:
        return about_order(said, talked)
    if said.intent in policies.TOPICS:
        return policies.step(said, talked)
    if said.intent is Intent.PERSON:
        if CONTACT.search(said.plain) and not WITH_A_PERSON.search(said.plain):
            return _contact(talked)
        return _person(talked, f"The customer asks for a person: {quote(talked)}")
    if said.intent is Intent.COMPLAINT:
        return _complaint(said, talked)
    return SMALL_TALK.get(said.intent, _unclear)(said, talked)


# --- politeness and limits ---------------------------------------------------------------------


def _plainly(text: str, asked: str = "") -> Callable[[Understanding, Conversation], Say]:
    def say(said: Understanding, talked: Conversation) -> Say:
        return Say(text, About(asked=asked))

    return say


def _greeting(said: Understanding, talked: Conversation) -> Say:
    return Say(talk.HELLO if talked.first else talk.HELLO_AGAIN)


def _yes(said: Understanding, talked: Conversation) -> Say:
    if talked.before.called or talked.before.intent == Intent.PERSON:
        return Say(talk.ASKED_ALREADY, talked.before)
    return Say(talk.NO if said.plain.startswith(("ok", "fine", "right")) else talk.YES)


def _unclear(said: Understanding, talked: Conversation) -> Step:
    if said.foreign:
        return Say(talk.FOREIGN, About(Intent.UNCLEAR, asked="person"))
    if topic := policies.TOPICS.get(talked.before.intent):
        # "How long do I have?", after it was said what to do with what arrived broken.
        found = policies.written(talked, f"{said.plain} {topic}")
        if isinstance(found, Calls):
            return found
        if found:
            return Say(joined(found, talk.IF_NOT_THAT), About(talked.before.intent, asked="offer"))
    if talked.before.intent == Intent.UNCLEAR:
        return Say(talk.STILL_UNCLEAR, About(Intent.UNCLEAR, asked="person"))
    return Say(talk.UNCLEAR, About(Intent.UNCLEAR))


def _no(said: Understanding, talked: Conversation) -> Say:
    """A no to what was asked."""
    before = talked.before
    if before.asked == "which":
        return Say(talk.NONE_OF_THEM, About(before.intent, asked="person"))
    if before.asked == "person" and before.intent in (Intent.CANCEL, Intent.ADDRESS):
        return Say(talk.STAYS)
    return Say(talk.NO)


def _change(said: Understanding, talked: Conversation) -> Step:
    """It stays the one spoken of: "and why is it on hold?"."""
    orders = said.numbers or said.bare_numbers or talked.focus
    found = policies.written(talked, said.plain, "adding or swapping articles")
    if isinstance(found, Calls):
        return found
    text = joined(talk.CANNOT_CHANGE, found, talk.OFFER) if found else talk.CHANGE
    return Say(text, About(Intent.CHANGE, orders=orders, asked="person"))


def _off_topic(said: Understanding, talked: Conversation) -> Step:
    """Declined; with what the shop has written, where it is about the customer's account."""
    if not ACCOUNT.search(said.plain) or said.words:
        return Say(talk.OFF_TOPIC)
    found = policies.written(talked, said.plain)
    if isinstance(found, Calls):
        return found
    return Say(joined(talk.CANNOT_HELP, found, talk.CAN) if found else talk.OFF_TOPIC)


SMALL_TALK: dict[Intent, Callable[[Understanding, Conversation], Step]] = {
    Intent.GREETING: _greeting,
    Intent.THANKS: _plainly(talk.THANKS),
    Intent.BYE: _plainly(talk.BYE),
    Intent.YES: _yes,
    Intent.NO: _no,
    Intent.CAPABILITIES: _plainly(talk.CAPABILITIES),
    Intent.IDENTITY: _plainly(talk.IDENTITY),
    Intent.CHANGE: _change,
    Intent.ADDRESS_GIVEN: _plainly(talk.ADDRESS_GIVEN),
    Intent.OFF_TOPIC: _off_topic,
}


def _toned(text: str, said: Understanding, talked: Conversation) -> str:
    """A greeting is returned, and anger met with one short apology."""
    if said.angry and "sorry" not in text.lower():
        text = f"{talk.SORRY} {text}"
    if said.greeted and talked.first and not text.startswith("Hello"):
        text = f"Hello! {text}"
    return text


# --- a person ----------------------------------------------------------------------------------


def _person(talked: Conversation, reason: str, before: str = "") -> Step:
    handoff = talked.looked_up.handoff
    if handoff is None:
        about = f" (order #{', #'.join(talked.focus)})" if talked.focus else ""
        return call_a_person(f"{reason}{about}")
    return Say(joined(before, talk.asked_a_person(handoff)), About(Intent.PERSON))


def _contact(talked: Conversation) -> Step:
    """What the shop has written about it, and the offer of a person; or a person at once."""
    found = policies.written(talked, "telephone e-mail address", "contact")
    if isinstance(found, Calls):
        return found
    if not found:
        return _person(talked, f"The customer asks how to reach you: {quote(talked)}")
    return Say(joined(found, talk.OFFER_HERE), About(Intent.PERSON, asked="person"))


# A complaint to be taken down, rather than words of anger.
LODGE = re.compile(
    r"\b(?:make|file|lodge|submit|raise|register|report|open|log|put|place|leave|send|write|do|want"
    r"|like|need|have|got|take)\b.*\b(?:complain|complaints?|claims?|grievance|feedback)\b"
    r"|^(?:complaints?|claim|complain|feedback)\b|\bcomplain about\b"
)


def _complaint(said: Understanding, talked: Conversation) -> Step:
    if LODGE.search(said.plain) and not said.question:
        reason = f"A complaint: {quote(talked)}"
        return _person(talked, reason, before=talk.SORRY_FOR_COMPLAINT)
    return Say(talk.COMPLAINT, About(Intent.COMPLAINT, asked="person"))


def _agrees(said: Understanding, talked: Conversation) -> bool:
    """Whether it is a yes to what was asked; "ok" to a mere offer is not."""
    asked = talked.before.asked
    if ASKS_MORE.search(said.plain):
        return False  # "ok can a neighbour take it"
    return asked in ("which", "person") or (
        asked in ("offer", "missing")
        and (not said.plain.startswith("ok") or bool(PLEASE_DO.search(said.plain)))
    )


def _agreed(said: Understanding, talked: Conversation) -> Step:
    if talked.before.asked != "which":
        wanted = talked.before.intent or "help"
        return _person(talked, f"The customer wants a person after asking about: {wanted}")
    if len(talked.before.choices) == 1:
        meant = replace(said, intent=Intent(talked.before.intent), numbers=talked.before.choices)
        return about_order(meant, talked)
    return Say("Which one do you mean? The number or the article is enough.", talked.before)
