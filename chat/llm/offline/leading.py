"""What leads: the classifier tells the kind of wish, the rules what exactly within it.

The rules lead alone where the classifier is not sure, and in the shortest messages, which hold too
little for it to judge.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chat.llm.offline import rules
from chat.llm.offline.intents import KIND_OF, KINDS, POLITE, Intent
from chat.llm.offline.meanings import MEANING, WORLD
from chat.llm.offline.vocabulary import NOT_AN_ARTICLE
from chat.llm.offline.wares import WARES
from chat.llm.offline.word_classes import classes_of

SURE = 0.25  # of 1: from here on the classifier leads against the rules
LIKELY = 0.15  # from here on it leads where they say nothing
CLEAR = 4  # the rules' score from which they lead where the classifier is not sure
SHORTEST = 2  # words
SURE_OF_SHORT = 0.6  # the same for the shortest, and those that lean on what was said before
SURE_OF_NONSENSE = 0.85  # the same for "off topic" without a word of another world
AGAINST_ALL = 8  # the rules' score that weighs more than a classifier in doubt
DOUBTED = 0.35
NOT_EXCLUDED = 0.1  # what the classifier must leave to the rules' kind for that
NEARLY = 0.8  # of the likeliest kind's: from here on the rules decide between two in doubt
ASKS = 3  # the rules' score of "where is my", behind which an article's name may stand
NAMED = 0.75  # so sure of "off topic", no name of an article is looked for
UNDOUBTED = 0.95
THING = re.compile(
    r"\b(?:where (?:is|are)|when (?:is|are|do|does|will)|track|has|have)\b"
    r" (?:my|our) \w+|(?:straße|strasse|street|road|weg|platz|allee) \d"
)
# Asks what to buy, rather than after what was bought.
ADVICE = re.compile(
    r"\b(?:what|which) (?:is|are) (?:a |an |the |some )?(?:good|best|better|nice)\b"
)


@dataclass(frozen=True)
class Lead:
    """An intent and how sure it is, from 0 to 1."""

    intent: Intent
    sure: float


def lead(
    words: Sequence[str],
    found: Mapping[Intent, int],
    likely: Mapping[str, float],
    *,
    leans: bool = False,
) -> Lead:
    """The intent of a message in plain words, with the scores of the rules ``found`` in it.

    ``likely`` are the classifier's kinds. Where it ``leans`` on what was said before, the words
    alone say little, and the rules lead.
    """
    if not words:
        return Lead(Intent.UNCLEAR, 0)
    kind = max(likely, key=lambda each: likely[each])
    by_rules = max(found, key=lambda each: found[each], default=Intent.UNCLEAR)
    score = found.get(by_rules, 0)
    theirs = likely.get(KIND_OF.get(by_rules, ""), 0)
    short = leans or len(words) <= SHORTEST
    # "cancel my gym" leans on nothing, however short.
    alone = not leans or (kind == "off_topic" and _of_another_world(words))
    undoubted = alone and likely[kind] >= UNDOUBTED and _holds_a_word(words)
    if short and not undoubted and (score or _may_name(kind, likely[kind], words, leans=leans)):
        return Lead(by_rules, min(score / 5, 1))
    if {kind, KIND_OF.get(by_rules)} == {"contents", "list"}:
        return Lead(by_rules, likely[kind])
    off_topic = kind == "off_topic"
    if likely[kind] < UNDOUBTED:
        weighs = not off_topic and by_rules != Intent.OFF_TOPIC and likely[kind] < NAMED
        if score >= AGAINST_ALL and theirs >= NOT_EXCLUDED and (weighs or likely[kind] < DOUBTED):
            return Lead(by_rules, SURE_OF_SHORT)
        if score >= CLEAR and likely[kind] < DOUBTED and theirs >= NEARLY * likely[kind]:
            return Lead(by_rules, SURE_OF_SHORT)
        if off_topic and score >= ASKS and likely[kind] < NAMED and _names_a_thing(words):
            return Lead(by_rules, SURE_OF_SHORT)
        if off_topic and (leans or (likely[kind] < DOUBTED and not WARES.isdisjoint(words))):
            # "what happened?" and "whether the kettle works" are seldom another world's.
            return Lead(Intent.UNCLEAR, likely[kind])
    if likely[kind] >= (SURE_OF_SHORT if short else SURE if score >= CLEAR else LIKELY):
        return Lead(_within(kind, found), likely[kind])
    if score >= CLEAR or by_rules in POLITE:
        return Lead(by_rules, theirs)
    return Lead(Intent.UNCLEAR, likely[kind])


def _may_name(kind: str, likely: float, words: Sequence[str], *, leans: bool) -> bool:
    """Whether so few words may be an article's name, or mean nothing: "floor lamp", "asdf"."""
    unknown = NOT_AN_ARTICLE.isdisjoint(words)
    if leans:
        return unknown
    nonsense = unknown or likely < SURE_OF_NONSENSE
    return kind == "off_topic" and nonsense and not _of_another_world(words)


def _names_a_thing(words: Sequence[str]) -> bool:
    """Whether it asks after something by a name that may be an article's: "where is my ipad"."""
    text = " ".join(words)
    named = bool(THING.search(text)) or not WARES.isdisjoint(words)
    return named and not (_of_another_world(words) or ADVICE.search(text))


def _holds_a_word(words: Sequence[str]) -> bool:
    """Whether any of them is one that we know: "qwertz uiop" holds none, whatever it is."""
    return any(word in MEANING or word in NOT_AN_ARTICLE or classes_of(word) for word in words)


def _of_another_world(words: Sequence[str]) -> bool:
    return any(MEANING.get(word) in WORLD for word in words)


def _within(kind: str, found: Mapping[Intent, int]) -> Intent:
    """Which of the kind's intents the rules see, or the usual one."""
    first, *others = KINDS[kind]
    return max((first, *others), key=lambda each: found.get(each, 0))


def seen(plain: str) -> dict[Intent, int]:
    """The rules' scores; politeness counts only where it stands alone."""
    found = rules.scores(plain)
    serious = {intent: score for intent, score in found.items() if intent not in POLITE}
    return serious or found
