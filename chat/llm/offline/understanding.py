"""What a message wants, in the light of what was said before."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from chat.llm.offline.classifier import Classifier, classifier
from chat.llm.offline.clauses import Clause, clauses
from chat.llm.offline.conversation import Conversation
from chat.llm.offline.exact import exactly
from chat.llm.offline.general import in_general
from chat.llm.offline.intents import ABOUT_ORDERS, KIND_OF, POLITE, SOCIAL, Intent
from chat.llm.offline.leading import CLEAR, lead, seen
from chat.llm.offline.reading import NOUN, Understanding, read
from chat.llm.offline.short_words import WHETHER
from chat.llm.offline.thread import follow_up
from chat.llm.offline.wares import WARES

# A message of so few words without any phrase of ours may be just the name of an article.
SHORT = 5
NAMES_ONLY = 3
# Of at most so many words, it may lean on what was said before.
ELLIPTIC = 6
# From here on a message is foreign or angry, and no article's name.
SETTLED = 0.4
CHOOSING = 10  # the same, in answer to the question which one is meant
MAY_NAME = (Intent.UNCLEAR, Intent.YES, Intent.NO)
OURS = re.compile(
    r"^(?:(?:and|but|what about|how about|i mean) )?(?:the|my|this|that|these|those)\b"
)

# Beside the names of articles these wish for nothing: "the lamp and the vacuum please".
NAMING = frozenset(
    re.findall(
        r"\w+",
        "a an and both also but for i just mean my no not of ok on only or our please plus sorry "
        "thank thanks the with yes",
    )
)

ANSWERS = (Intent.YES, Intent.NO)
ACTING = (Intent.CANCEL, Intent.ADDRESS)
GOES_ON = re.compile(r"\b(?:and|about|but)\b (?:\w+ )?(?:the|my)\b")
# "ok" and "no" before one of these begin a question.
ASKING = re.compile(r"\b(?:what|why|how|who|where|when|which|can|could|may)\b")
# An answer to the question which one is meant.
CHOICE = re.compile(r"^(?:\w+ )?(?:the|that|this) (?:\w+ )?one\b")
# What to do after the last answer did not help.
WHAT_NOW = re.compile(r"\b(?:what now|now what|what next|what (?:do|should|can|shall) i do)\b")

# "What do I do when a parcel counts as delivered and I don't have it": the case comes behind.
OF_A_CASE = re.compile(r"\bwhat (?:do|should|can|shall|must) (?:i|we|you) do (?:when|if)\b")

# From here on a part of the message is a wish of its own beside another.
SURE_OF_SENTENCE = 0.5
SURE_OF_HALF = 0.6
# So likely each of two must be for the whole message: else one is only how the other is told. The
# first where its own part leaves no doubt, the second where it does.
SEEN_IN_WHOLE, SEEN_WELL_IN_WHOLE = 0.005, 0.05
BEYOND_DOUBT = 0.8
# Beside another wish, a complaint is one only where it is called so; else it is the tone.
COMPLAINS = re.compile(r"\b(?:complain\w*|claim|grievance)\b")
# One answer does for both.
SAME_ANSWER = (
    {"order_status", "delivery_time"},
    {"order_status", "not_received"},
    {"order_status", "list"},
    {"rules", "off_topic"},
)
# Told, they are the ground of another wish; asked, a wish.
GROUNDS = frozenset(
    {
        Intent.NOT_RECEIVED, Intent.DAMAGED, Intent.CONTENTS, Intent.CHANGE, Intent.RULES,
        Intent.LIST,
    }
)  # fmt: skip
# The same, unless there is no doubt of it: "my card was charged twice" wants an answer.
GROUNDS_IN_DOUBT = frozenset({Intent.STATUS, Intent.WHEN, Intent.PAYMENT, Intent.PAYMENT_STATUS})
SURE_OF_TOLD = 0.9
# Of more parts than these, only those that ask are looked at: the others tell the story.
FEW = 4
# Of a message that is one of these, a part that is a wish is answered too, or alone.
BESIDE_ANY = (Intent.COMPLAINT, Intent.OFF_TOPIC)
NO_WISH = POLITE | {Intent.UNCLEAR, Intent.OFF_TOPIC, Intent.CAPABILITIES, Intent.IDENTITY}


def wishes(
    conversation: Conversation, table: Classifier | None = None
) -> tuple[Understanding, ...]:
    """The customer's last message, or both of its wishes where it holds two."""
    found = _wishes(conversation, table or classifier())
    return tuple(_in_the_thread(said, conversation) for said in found)


def _in_the_thread(said: Understanding, talked: Conversation) -> Understanding:
    """With the wish that its words have after what was said before, or in general."""
    meant = follow_up(said, talked) or exactly(said) or in_general(said)
    asks = said.question or bool(WHETHER.search(said.plain))
    if meant:
        return replace(said, intent=meant, guess=False, question=asks)
    return replace(said, question=True) if asks and not said.question else said


def _wishes(conversation: Conversation, table: Classifier) -> tuple[Understanding, ...]:
    whole = understand(conversation, table)
    clear = _clear_parts(conversation, table, 1 if whole.intent in BESIDE_ANY else 2)
    if clear and whole.intent is Intent.COMPLAINT and not COMPLAINS.search(whole.plain):
        wish = max(clear, key=lambda each: each.sure)  # "Where is it?! This is ridiculous!"
        return (
            replace(
                whole,
                intent=wish.intent,
                sure=wish.sure,
                guess=wish.guess,
                otherwise=wish.otherwise,
                question=wish.question,
            ),
        )
    pairs = [pair for pair in pairwise(clear) if _independent(*pair)]
    if whole.intent is Intent.OFF_TOPIC:
        # "Where is my order? And how do I change my password?"
        ours = [each for each in clear if each.intent in ABOUT_ORDERS and each.sure >= BEYOND_DOUBT]
        pairs += [(each, whole) for each in ours]
    if not pairs:
        return (whole,)
    for pair in pairs:
        if all(_seen_in(whole.likely, each) for each in pair):
            return pair
    return (whole,)


def _clear_parts(
    conversation: Conversation, table: Classifier, at_least: int
) -> list[Understanding]:
    """The parts of the message that are wishes by themselves; none if they are too few."""
    parts = clauses(conversation.text)
    found: list[Understanding] = []
    if len(parts) < 2:
        return found
    if len(parts) > FEW:
        parts = [part for part in parts if part.asks] or parts
    for left, part in zip(range(len(parts), 0, -1), parts, strict=True):
        if len(found) + left < at_least:
            return []
        said = understand(replace(conversation, text=part.text), table)
        if _is_wish(said, part):
            found.append(said)
    return found


def _is_wish(said: Understanding, part: Clause) -> bool:
    sure = said.sure >= (SURE_OF_SENTENCE if part.whole else SURE_OF_HALF)
    doubted = said.intent in GROUNDS_IN_DOUBT and said.sure < SURE_OF_TOLD
    ground = (said.intent in GROUNDS or doubted) and not part.asks
    tone = said.intent is Intent.COMPLAINT and not COMPLAINS.search(said.plain)
    half = OF_A_CASE.search(said.plain)
    return sure and not (ground or tone or half or said.guess or said.intent in NO_WISH)


def _seen_in(likely: Mapping[str, float], said: Understanding) -> bool:
    if said.numbers or said.bare_numbers:
        return True  # of an order
    needed = SEEN_IN_WHOLE if said.sure >= BEYOND_DOUBT else SEEN_WELL_IN_WHOLE
    return likely.get(KIND_OF.get(said.intent, ""), 1) >= needed


def _independent(first: Understanding, second: Understanding) -> bool:
    """Whether one answer would not do for both."""
    kinds = [KIND_OF.get(each.intent, each.intent) for each in (first, second)]
    names = second.question or second.words or second.numbers or second.bare_numbers
    if kinds == ["payment", "return_refund"] and not names:
        return False  # "I was charged twice, refund me"
    return kinds[0] != kinds[1] and set(kinds) not in SAME_ANSWER


def understand(conversation: Conversation, table: Classifier | None = None) -> Understanding:
    """One wish: the intent and references of the text in the light of what was said before."""
    said = read(conversation.text)
    found = _without_answers(seen(said.plain), said.plain)
    answers = conversation.before.asked == "which"
    names = _only_names(said)
    strange = said.foreign and max(found.values(), default=0) < CLEAR
    if not (names or strange) and not (answers and (CHOICE.search(said.plain) or said.where)):
        words = said.plain.split()
        leans = not conversation.first and len(words) <= (CHOOSING if answers else ELLIPTIC)
        likely = (table or classifier()).probabilities(words, found) if words else {}
        led = lead(words, found, likely, leans=leans)
        said = replace(said, intent=led.intent, sure=led.sure, likely=likely)
    return _in_context(said, found, conversation, names)


def _in_context(
    said: Understanding, found: dict[Intent, int], conversation: Conversation, names: bool
) -> Understanding:
    """What short messages mean after what was said: "the second one", "and when?", "yes"."""
    before, last = conversation.before, conversation.order_intent
    corrects = said.plain.startswith(("no ", "i mean"))
    if last in ACTING and before.asked != "which" and not corrects:
        last = ""  # "and the jars?" after a cancellation does not cancel them too
    intent, guess = said.intent, False
    length = len(said.plain.split())
    serious = {each: score for each, score in found.items() if each not in SOCIAL}
    weak = max(serious.values(), default=0) < CLEAR and (
        length <= ELLIPTIC or said.sure < SURE_OF_SENTENCE
    )
    if before.asked == "address" and (
        intent is Intent.UNCLEAR
        or (weak and said.bare_numbers)
        or (intent is Intent.ADDRESS and not said.question)
    ):
        intent = Intent.ADDRESS_GIVEN
    elif before.intent == Intent.PERSON and intent is Intent.WHEN and not NOUN.search(said.plain):
        intent = Intent.PERSON  # "and how long will that take?"
    elif last and (
        WHAT_NOW.search(said.plain)
        or (weak and (said.refers or (before.asked == "which" and said.words)))
    ):
        intent = Intent(last)
    elif said.refers and (
        intent is Intent.UNCLEAR or (weak and not said.words and said.sure < SETTLED)
    ):
        intent = Intent.STATUS
    elif (
        said.words
        and not (intent in (Intent.OFF_TOPIC, Intent.COMPLAINT) and said.sure >= SETTLED)
        and (
            names
            or _may_name(said, found, before.asked)
            or (intent in POLITE and GOES_ON.search(said.plain))
        )
    ):
        intent, guess = Intent(last) if last else Intent.STATUS, True
    asks = said.question or (intent in ACTING and corrects)
    return replace(said, intent=intent, guess=guess, otherwise=said.intent, question=asks)


def _only_names(said: Understanding) -> bool:
    words = frozenset(said.words)
    return not WARES.isdisjoint(words) and NAMING.issuperset({*said.plain.split()} - words)


def _may_name(said: Understanding, found: dict[Intent, int], asked: str) -> bool:
    """Whether the message may be just an article's name, rather than another world's words."""
    length = len(said.plain.split())
    if length > SHORT:
        return False
    if said.intent in MAY_NAME:
        return True
    if found.keys() - POLITE:
        return False
    return asked == "which" or (length <= NAMES_ONLY and bool(OURS.search(said.plain)))


def _without_answers(found: dict[Intent, int], plain: str) -> dict[Intent, int]:
    if ASKING.search(plain):
        # In their order: of two that weigh the same, the first leads.
        return {each: score for each, score in found.items() if each not in ANSWERS}
    return found
