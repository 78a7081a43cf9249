"""The messages so far, read: what was spoken of before, and what this turn has looked up.

What was spoken of serves only to know which order "it" is. Facts come from this turn's tool
messages alone, for those of earlier turns may be stale.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

Facts = dict[str, Any]

# The key in ``response_metadata`` under which a reply of ours remembers what it was about.
ABOUT = "about"
# And that under which it remembers so many replies before it, which may be out of sight by now.
BEFORE = "before"
REMEMBERED = 6
# Intents that an article named later belongs to: "I want a refund" – "for the mugs".
GOES_ON = ("return", "damaged")
# "not the lamp, the vacuum", "wrong order, I mean the vacuum": what comes first is not meant.
NOT_MEANT = re.compile(
    r"(?:^|(?<=[.?!,]))\s*(?:(?:no|nope|sorry|oh|wait|i mean)\b[\s,.!]*)*(?:not\s+"
    r"(?:that|this|the|my)\b[^,.;:!?\n]{0,40}(?:[,.;:!?\n]+|\bbut\b)\s*(?=\w)"
    r"|(?:(?:that|it)(?:['’]?s|\s+is)\s+)?(?:the\s+)?wrong\s+(?:order|one|parcel)\s*[,.;:!?\n]+\s*"
    r"(?=i\s+meant?\b|(?:the|my)\s+\w+(?:\s+\w+)?\W*$))",
    re.IGNORECASE,
)
# "No human please, just tell me …": a person is what they do not want.
NOT_WANTED = re.compile(
    r"\b(?:no|(?:i\s+)?(?:don['’]?t|do not)\s+(?:need|want|get|call)(?:\s+me)?(?:\s+an?)?)\s+"
    r"(?:human|person|agent|colleague)s?\b(?:\s+(?:needed|please|pls))?[\s,.;:!-]*"
    r"(?:just\s+)?(?=\w+(?:\W+\w+){2})",
    re.IGNORECASE,
)
MENTION = re.compile(r"#([A-Za-z]{0,8}-?\d[\w-]*)")


@dataclass(frozen=True)
class About:
    """What a reply was about: ``orders`` it spoke of, ``choices`` it offered, what it asked."""

    intent: str = ""
    orders: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    # "which" of the choices; "person": whether to call one; "offer": that one could be called;
    # "missing": whether it turns up where it was left; "address": the new one
    asked: str = ""
    open: bool = False  # whether the customer still waits for something of these orders
    titles: tuple[str, ...] = ()  # the articles it spoke of, where not of whole orders
    parcel: int = 0  # the parcel it spoke of, from 1, where not of whole orders
    parcels: int = 0  # how many the order has
    called: bool = False  # that a colleague was asked to do it

    def as_json(self) -> Facts:
        """For the reply's ``response_metadata``; what is nothing is left out."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass
class LookedUp:
    """What the tools answered in this turn."""

    orders: list[Facts] | None = None  # list_orders
    more_orders: bool = False
    details: dict[str, Facts | None] = field(default_factory=dict)  # get_order, by asked number
    articles: dict[str, list[Facts]] = field(default_factory=dict)  # search_help, by query
    handoff: Facts | None = None  # request_human
    failed: bool = False
    today: str = ""


@dataclass
class Conversation:
    """The customer's last words, and all that helps to understand and answer them."""

    text: str  # without what they say that they do not mean
    looked_up: LookedUp
    before: About  # the reply just before
    about: About = field(default_factory=About)  # the last reply that spoke of orders
    focus: tuple[str, ...] = ()  # the orders spoken of last
    focus_open: bool = False
    choices: tuple[str, ...] = ()  # the orders offered last
    spoken: tuple[str, ...] = ()  # the orders spoken of since then, in the order of their turns
    order_intent: str = ""  # what the customer last wanted to know about an order
    first: bool = True  # nothing was said before
    earlier: tuple[About, ...] = ()  # the replies that tell of all this, for the next one to keep
    verbatim: str = ""


def read(messages: Sequence[BaseMessage]) -> Conversation:
    """Read the messages, of which the last human one is to be answered."""
    at = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
    text = str(messages[at].text) if at >= 0 else ""
    replies = [
        message
        for message in messages[: max(at, 0)]
        if isinstance(message, AIMessage) and not message.tool_calls and str(message.text).strip()
    ]
    abouts = [*_out_of_sight(messages, replies), *map(_about, replies)]
    conversation = Conversation(
        text=NOT_WANTED.sub("", NOT_MEANT.sub("", text)),
        verbatim=text,
        looked_up=_looked_up(messages[at + 1 :]),
        before=abouts[-1] if replies else About(),
        first=not abouts,
    )
    for about in abouts:
        if about.orders:
            conversation.about = about
            conversation.focus, conversation.focus_open = about.orders, about.open
            conversation.spoken = tuple(dict.fromkeys((*conversation.spoken, *about.orders)))
        if about.choices:
            conversation.choices, conversation.focus = about.choices, about.orders
            conversation.spoken = ()
        if about.orders or about.choices or about.intent in GOES_ON:
            conversation.order_intent = about.intent
            conversation.earlier = (*conversation.earlier, about)[-REMEMBERED:]
    return conversation


def _out_of_sight(messages: Sequence[BaseMessage], replies: Sequence[AIMessage]) -> list[About]:
    """What was spoken of before the first of ``replies``: as one of them remembers it, or as the
    notes say that another model has made (chat/summaries.py)."""
    for reply in replies:
        kept = reply.response_metadata.get(BEFORE)
        if isinstance(kept, list):
            return [_kept(each) for each in kept if isinstance(each, dict)]
    notes = "".join(
        str(message.text).partition("<notes>")[2]
        for message in messages
        if isinstance(message, SystemMessage)
    )
    return [_mentioned(notes)] if notes else []


def _about(reply: AIMessage) -> About:
    kept = reply.response_metadata.get(ABOUT)
    # Another model's reply: its order numbers tell what it was about.
    return _kept(kept) if isinstance(kept, dict) else _mentioned(str(reply.text))


def _kept(kept: Facts) -> About:
    return About(
        intent=str(kept.get("intent", "")),
        orders=tuple(map(str, kept.get("orders", ()))),
        choices=tuple(map(str, kept.get("choices", ()))),
        asked=str(kept.get("asked", "")),
        open=bool(kept.get("open")),
        titles=tuple(map(str, kept.get("titles", ()))),
        parcel=_count(kept.get("parcel")),
        parcels=_count(kept.get("parcels")),
        called=bool(kept.get("called")),
    )


def _mentioned(text: str) -> About:
    mentioned = tuple(dict.fromkeys(MENTION.findall(text)))
    if len(mentioned) > 1:
        return About(choices=mentioned)
    return About(orders=mentioned, open=True)


def _count(kept: object) -> int:
    return kept if isinstance(kept, int) else 0


def _looked_up(messages: Sequence[BaseMessage]) -> LookedUp:
    found = LookedUp()
    arguments = {
        call["id"]: call["args"]
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }
    for message in messages:
        if not isinstance(message, ToolMessage):
            continue
        facts = _facts(message)
        if facts is None:
            found.failed = True
            continue
        found.today = str(facts.get("today", found.today))
        match message.name:
            case "list_orders":
                found.orders = facts.get("orders", [])
                found.more_orders = "more" in facts
            case "get_order":
                number = str(arguments.get(message.tool_call_id, {}).get("order_number", ""))
                found.details[number] = facts.get("order")
            case "search_help":
                query = str(arguments.get(message.tool_call_id, {}).get("query", ""))
                found.articles[query] = facts.get("articles", [])
            case "request_human":
                found.handoff = facts
    return found


def _facts(message: ToolMessage) -> Facts | None:
    """The tool's JSON; None where it failed."""
    if message.status == "error":
        return None
    try:
        facts = json.loads(str(message.text))
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None
