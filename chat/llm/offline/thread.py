"""What short words mean after what was said before: "why?", "the rest?", "is that the red one?".

Patterns are over plain words (see ``spelling``). Each holds only where it makes sense: after an
order was spoken of, after a colleague was asked, after a parcel was not where it was left.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from chat.llm.offline.conversation import Conversation
from chat.llm.offline.intents import Intent

if TYPE_CHECKING:
    from chat.llm.offline.reading import Understanding

BEGIN = r"^(?:(?:and|but|so|ok|oh|hm+|well|then|now|sorry|hi|hello|hey|please|just) )*"
THING = r"(?:one|ones|order|orders|parcel|parcels|package|packages|delivery|deliveries|thing)"
A_PERSON = r"(?:human|person|people|agent|colleague|one|anybody|anyone|somebody|someone)"
IT = r"(?:it|that|this|they|them|these|those|this one|that one)"
CARRIERS = (
    r"(?:dhl|dpd|gls|ups|hermes|evri|fedex|usps|tnt|royal mail|post|carrier|carriers|courier"
    r"|couriers|driver|delivery (?:company|service|people|firm|man|guy|driver))"
)

WHICH_FIRST = re.compile(
    r"\b(?:which|what|who)\b.*\b(?:come|comes|coming|arrive|arrives|arriving|here|delivered|due)\b"
    r".*\b(?:first|next|soonest|earliest)\b"
    r"|\b(?:first|next|soonest|earliest) (?:to (?:arrive|come|be delivered)|one to)\b"
    rf"|{BEGIN}(?:which|what)(?: (?:one|order|parcel|is|of them|of these|comes))* (?:the )?"
    r"(?:first|next|soonest|earliest)$"
)
ANY_LATE = re.compile(
    rf"{BEGIN}(?:is|are|was|were) (?:any|one of|some of|every|all|anything|everything|they all"
    r"|none|nothing)\b.*\b(?:late|delayed|overdue|stuck|on time|in time)\b"
    rf"|\b(?:which|what)(?: (?:of|my|the|them|these|one|ones|is|are|{THING}))* "
    r"(?:late|delayed|overdue|stuck)\b"
    r"|\banything (?:late|delayed|overdue|stuck)\b"
)
ANY_DUE = re.compile(
    rf"{BEGIN}(?:(?:(?:is|are|will|does|do i (?:get|have)) (?:there )?)?(?:anything|something"
    r"|any of (?:my|them)|any|everything)"
    rf"|(?:what|which)(?: (?:of (?:my|them|these)|{THING}))* (?:is|are|comes?|arrives?|will))\b"
    r"(?!.*\bordered\b).*\b(?:today|tonight|tomorrow|weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)
ANY_READY = re.compile(
    r"\b(?:where|when|what|which|anything|something|any|is|are|do i|can i|have i)\b.*"
    r"\b(?:pick(?:ed)? ?up|collect(?:ed|ion)?|fetch(?:ed)?)\b"
)
WAITS = re.compile(
    r"^(?!.*\b(?:points?|shops?|stores?|stations?|places?|lockers?|options?)\b)"
    r".*\b(?:is|are) there (?:any|anything|something)\b.*\b(?:pick ?up|collect)\b"
    r"|\b(?:do i have|have i(?: got)?)\b.*\b(?:to pick ?up|to collect|collected)\b"
)
NOBODY_HOME = re.compile(
    r"\b(?:nobody|no one|was not|were not) (?:was |is |at |been )*(?:home|in|there|here)\b"
    r"|\b(?:was|were) (?:out|away|at work)\b|\b(?:nobody|no one|not|never) (?:rang|rung|ring)\b"
    r"|\bdelivery (?:was )?(?:attempt(?:ed)?|tried|failed)\b|\btried to deliver\b"
)
MISSED = re.compile(
    r"\bmissed (?:the|my|a|your) (?:delivery|parcel|package|courier|driver|postman|post)\b"
    r"|\b(?:second|another|new) (?:delivery )?attempt\b|\b(?:re ?deliver\w*|deliver\b.*\bagain)\b"
)
CANCELLABLE = re.compile(
    rf"\b(?:which|what)(?: (?:of|my|the|them|these|ones?|{THING}))*"
    r" (?:can|could|may|is|are)\b.*\bcancel"
    rf"|\b(?:anything|something|any(?: of)?(?: (?:my|them|these|{THING}))+)\b.*\bcancel"
)
CANCEL_ALL = re.compile(r"\bcancel (?:all|everything|every|both)\b")
NOT_THAT = re.compile(
    r"^(?:no )?(?:not|it is not|that is not) (?:that|this|it|the right)(?: one| order)?$"
)
HOW_MUCH = re.compile(rf"{BEGIN}how much(?: is (?:it|that)| was (?:it|that))?$")
MONEY_BACK = re.compile(r"\b(?:money|price|payment|refund(?:ed)?)\b")
PAID = re.compile(r"\b(?:paid|pay)\b")
IS_THERE = re.compile(
    rf"{BEGIN}(?:is|was|has|did|have|are|were) {IT} (?:already |been |yet )*(?:delivered|arrive"
    r"|arrived|shipped|sent|come|left|gone|there|here|dispatched)\b"
)
PICK_UP = re.compile(
    rf"{BEGIN}where (?:can|do|could|should|must) i (?:pick up|collect|fetch) (?:my|the|it|them)\b"
)
DONE = re.compile(
    rf"{BEGIN}(?:is|was|has|are) {IT} (?:already |now |been )*(?:changed|cancelled|updated|done)\b"
    r"|\b(?:did|have) (?:you|they|someone|anybody) (?:already )?(?:changed?|cancel(?:led)?|updated?"
    r"|do|done) (?:it|that|this)\b"
)
GOT_MONEY = re.compile(
    r"\b(?:did|have) you (?:already )?(?:get|got|receive|received) (?:my|the) (?:money|payment"
    r"|(?:bank )?transfer)\b"
)
WHAT_NOW = re.compile(r"\bwhat (?:now|next|(?:do|should|can|shall|could) i do)\b|\bnow what\b")
REST = re.compile(
    rf"{BEGIN}(?:(?:what|how) about |where (?:is|are) |when (?:does|do|will|is|are) |tell me about"
    r" |show me )*(?:the |my |all )*(?:rest|others|other (?:ones|orders|parcels|two|three)"
    r"|remaining(?: ones| orders| items)?|everything else)\b(?! of the world)"
)
IS_IT = re.compile(
    rf"{BEGIN}(?:is|was|are|were) {IT} (?:the |my |for the |with the |about the )+\w+"
    r"|\b(?:is|are|was|were) (?:the|my) (?:\w+ ){1,5}(?:also |too )?(?:in|inside|part of|included"
    rf" in|with) (?:{IT}|there|the {THING})\b"
    rf"|{BEGIN}(?:does|do|did) {IT} (?:also )?(?:include|contain|have|hold|come with)\b"
)
SURE = re.compile(
    rf"{BEGIN}(?:no |yes |wait )*(?:are you (?:\w+ )?(?:sure|certain|positive)|you (?:are )?sure"
    rf"|(?:is|was) {IT} (?:really |definitely )?(?:right|correct|true|certain|sure|definite"
    r"|for sure|accurate|guaranteed)|really$|really sure|seriously$|for sure$|honestly$|is that so"
    r"|says who|how do you know"
    r"|(?:can|do) you (?:guarantee|promise))\b"
)
WHY = re.compile(
    rf"{BEGIN}(?:why|how come|what (?:is|was) the (?:reason|matter|problem)"
    r"|what (?:has |is )?(?:happened|happening|went wrong|wrong))\b"
)
MEANING = re.compile(
    rf"\bwhat (?:does|do|did|would|should) (?:{IT}|you|on hold|in transit|out for delivery|\w+)"
    r"(?: \w+){0,3} mean\b|^what is (?:that|this) (?:supposed )?to mean|^what do you mean\b"
    rf"|\bi do not (?:understand|get) (?:{IT}|what)\b|\bmeaning of (?:that|this)\b"
    r"|\bexplain (?:that|this|it)\b"
)
CARRIER = re.compile(
    r"\b(?:contact|reach|call|phone|ring|ask|email|write to|get hold of|speak to|speak with"
    r"|talk to|talk with|(?<!tracking )(?<!order )number (?:of|for)|telephone of)\b.*\b(?:them|they"
    rf"|{CARRIERS})\b"
    rf"|\b(?:their|{CARRIERS})\b.*\b(?:(?<!tracking )number|phone|contact|hotline|email|website"
    r"|customer (?:service|support|care))\b"
)
KEEP = re.compile(
    r"\b(?:do|please|should|must|better|rather) not (?:want (?:you |it |them )?to )?(?:be )?cancel"
    r"(?:led)?\b"
    rf"|{BEGIN}(?:actually |wait |no |yes |sorry )*(?:keep|leave) (?:it|them|that|everything"
    r"|the (?:order|address))\b(?: as (?:it|that|they) (?:is|was|are)| the way| alone)?"
    r"|\bnot (?:to )?be cancelled\b"
)
TAKEN_BACK = re.compile(
    rf"{BEGIN}(?:actually|wait|no|sorry|stop)(?: (?:actually|wait|no|sorry|not|do|stop|please))*$"
    r"|\b(?:undo|forget|scratch) (?:that|it)\b|\bchanged my mind\b|\bon second thoughts?\b"
    r"|\bnever ?mind\b|\bi (?:do )?want it (?:after all|back)\b"
)
NO_PERSON = re.compile(
    rf"\bdo not (?:need|want|get|call|ask|involve|send)(?: me)? (?:an? |any )?{A_PERSON}\b"
    rf"|^no {A_PERSON}s?\b|\bno {A_PERSON} (?:is )?(?:needed|necessary|required|please)\b"
    rf"|\bwithout (?:an? |any )?{A_PERSON}\b"
)
NOT_ASKED = re.compile(
    r"^(?:no )?(?:that|this|it) is (?:wrong|not (?:right|true|correct))\b"
    r"|\bnot what i (?:asked|meant|said)\b|^(?:no )?wrong answer\b"
)
NEVER_MIND = re.compile(
    r"^(?:(?:lol|haha|ah|oh|hm+|alright|well) )*(?:ok|nvm|fine|got it|i see|cool|all good)"
    r"(?: (?:then|lol|haha|thanks|now|bye))*$"
)
STILL_MISSING = re.compile(
    r"^no\b|\bnot (?:there|here|in|with|at|home|found|seen|turned up)\b|\bnothing\b|\bempty\b"
    r"|\b(?:looked|checked|searched|asked)\b|\bstill (?:missing|not|nothing|no)\b"
    r"|\bdo(?:es)? not have (?:it|them|anything|my|the)\b|\b(?:can|could) not find\b"
    r"|\bnever (?:got|came|arrived)\b|\b(?:has|have|had|got) nothing\b"
    r"|\b(?:nobody|no one|none of them)\b|^(?:it is )?still gone\b"
)
# What comes next after the rule for returns, or after "you may be able to return it: ask me how".
OF_A_RETURN = re.compile(
    r"\bhow much (?:does|do|is|will)\b|\b(?:costs?|free|fees?)\b|\bwho pays\b"
    r"|\bwhere (?:do|should|can|must|shall) i (?:send|bring|take|post|drop|return)\b|\blabel\b"
)
HOW = re.compile(r"^(?:(?:and|ok|so|yes|please) )*how(?: (?:do|can|would) i)?(?: \w+){0,3}$")
COLLEAGUE = re.compile(r"\b(?:how long|when|wait\w*)\b.*\b(?:colleague|person|human|agent)\b")
NOT_THERE = re.compile(
    r"\bnot (?:there|here|in|at|with)\b|\bnothing (?:there|here|in|at)\b|\bempty\b|\bstolen\b"
    r"|\b(?:has|have|had|got) nothing\b|\bdo(?:es)? not have (?:it|them|anything)\b"
)
FOUND = re.compile(
    r"\b(?:found (?:it|them)|got (?:it|them) (?:now|after all)|it (?:is|was) there|turned up"
    r"|there it (?:is|was)|they (?:did )?(?:have|had) (?:it|them))\b"
)
NOT_FOUND = re.compile(r"\b(?:not|never|nobody|no one)\b")
WHO = re.compile(r"\b(?:which|who|whom|what name|where)\b")
CHECK_AGAIN = re.compile(
    rf"{BEGIN}(?:can|could|would|will)? ?(?:you )?(?:please )?(?:check|look|see)(?: {IT})?(?: up)?"
    r" (?:again|once more)\b|\bany (?:change|changes|difference)\b|\b(?:the|a) (?:tracking )?"
    r"(?:link|website|number)(?: please| again| for it)?$"
)
KIND = re.compile(
    r"\b(?:what|which) (?:color|size|kind|sort|type|model|version) (?:is|are|was|were)\b"
)
WITH = re.compile(r"\b(?:one|order|parcel|package) (?:with|containing|that has) (?:the|my)\b")
SAME = re.compile(r"\b(?:same|likewise|as well|too)\b")
OTHERS = re.compile(r"\bothers\b", re.IGNORECASE)
DECLINES = re.compile(
    r"^(?:no|nah)(?: no)? (?:thank you|thanks|need|that is (?:fine|ok|all|it))\b"
    r"|^not needed\b|^no need\b"
    r"|^(?:i am|that is|it is) (?:good|fine|ok|all right)\b"
)
WHETHER = re.compile(
    r"\b(?:can|could|may) (?:i|we|it) (?:still |also |even )?(?:be )?(?:cancel|change)"
)
PRICE = re.compile(
    r"\b(?:how much|what)\b(?: \w+){0,2} (?:i|we) (?:just |already )?(?:pay|paid|spend|spent)\b"
    r"|\bhow much (?:was|were|is|are|did|does|for)\b.*\b(?:cost|costs|the|it|that|this|my|they)\b"
    r"|\bwhat (?:did|does|do)\b.*\bcosts?\b|\b(?:price|cost) of (?:the|my|it)\b"
)
NO_PRICE = re.compile(
    r"\b(?:deliver\w*|shipping|postage|express|returns?|send\w*|back|refund\w*|customs|twice"
    r"|double|wrong|too much)\b"
)
OVERCHARGED = re.compile(
    r"\b(?:twice|double|doubled|two times|2 times|too much|wrong amount|more than once"
    r"|overcharged|second time|two (?:charges|payments))\b|\bcharged\b.*\bagain\b"
)
DAY = re.compile(
    r"\b(?:today|tonight|tomorrow|weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)
MANY = re.compile(
    r"\bmy (?:(?:other|open|last|recent|two|three|four|five) )?(?:orders|parcels|packages"
    r"|deliveries|shipments|purchases)\b"
    r"|\b(?:all|both) (?:of )?my (?:stuff|things|items)\b|^where is everything\b"
)
MANY_ROUTES = re.compile(rf"{BEGIN}(?:where (?:is|are)|when)\b.*{MANY.pattern}")
# A number that is an order's rather than a year, and nothing asked but what became of it.
OF_A_NUMBER = re.compile(
    r"\b(?:happened|happening|up|wrong|news|going on|problem|deal|matter|story)\b(?: \w+)?"
    r" (?:to|with|about|on|of) (?:order |number |no )?(?!(?:19|20)\d\d\b)[a-z]{0,8}-?\d{4,10}\b"
)
MISSING_IN_ADDRESS = re.compile(
    r"\bwhat (?:is|was)(?: \w+)? (?:missing|wrong|incorrect|incomplete|the problem)\b.*\baddress"
)
SHORT = 6

NO_ORDER = frozenset(
    {
        Intent.PERSON, Intent.PAYMENT, Intent.RETURN, Intent.REFUND_STATUS, Intent.RULES,
        Intent.OFF_TOPIC, Intent.IDENTITY, Intent.CAPABILITIES, Intent.DAMAGED, Intent.ADDRESS,
    }
)  # fmt: skip
NO_WISH = frozenset({Intent.UNCLEAR, Intent.YES, Intent.NO, Intent.GREETING, Intent.THANKS})
# What a message may be taken for that says little beside an order's number.
NOT_SAID = NO_WISH | {Intent.CAPABILITIES, Intent.OFF_TOPIC}
ACTING = (Intent.CANCEL, Intent.ADDRESS)
RETURNABLE = (Intent.CANCEL, Intent.RETURN)
ASKS_WHERE = (Intent.STATUS, Intent.WHEN, Intent.LIST)
MONEY = frozenset(
    {Intent.PAYMENT, Intent.PAYMENT_STATUS, Intent.CONTENTS, Intent.UNCLEAR, Intent.LIST}
)
Fits = Callable[["Understanding", Conversation], bool]


def _spoken(said: "Understanding", talked: Conversation) -> bool:
    """An order or a choice of them was spoken of."""
    return bool(talked.focus or talked.choices)


def _of_an_order(said: "Understanding", talked: Conversation) -> bool:
    return bool(talked.focus) and said.intent not in NO_ORDER


def _about_an_article(said: "Understanding", talked: Conversation) -> bool:
    return bool(talked.focus and said.words) and len(talked.focus) == 1


def _left_somewhere(said: "Understanding", talked: Conversation) -> bool:
    return (
        (
            talked.before.asked == "missing"
            or (talked.before.asked == "person" and talked.before.intent == Intent.NOT_RECEIVED)
            or (talked.about.intent == Intent.NOT_RECEIVED and "still" in said.plain)
        )
        and said.intent not in (Intent.PERSON, Intent.THANKS)
        and not WHO.search(said.plain)
    )


FOLLOW_UPS: tuple[tuple[Intent, re.Pattern[str], Fits], ...] = (
    (Intent.FOUND, FOUND, lambda said, talked: talked.before.intent == Intent.NOT_RECEIVED
        and not NOT_FOUND.search(said.plain)),
    (Intent.STILL_MISSING, STILL_MISSING, _left_somewhere),
    (Intent.NOT_RECEIVED, NOT_THERE, lambda said, talked: bool(talked.focus)
        and talked.order_intent in (Intent.STATUS, Intent.WHEN)
        and said.intent in (Intent.UNCLEAR, Intent.OFF_TOPIC, Intent.ADDRESS, Intent.NO)),
    (Intent.RETURN, OF_A_RETURN, lambda said, talked: talked.before.intent == Intent.RETURN
        and said.intent not in (Intent.CANCEL, Intent.PERSON, Intent.REFUND_STATUS)),
    (Intent.RETURN, HOW, lambda said, talked: talked.before.intent in RETURNABLE),
    (Intent.PERSON, COLLEAGUE, lambda said, talked: talked.before.called
        or talked.before.intent == Intent.PERSON),
    (Intent.KEEP, KEEP, lambda said, talked: _spoken(said, talked) or "cancel" in said.plain),
    (Intent.NO, NO_PERSON, lambda said, talked: said.intent is Intent.PERSON),
    (Intent.UNCLEAR, NOT_ASKED, lambda said, talked: not talked.first),
    (Intent.NO, NEVER_MIND, lambda said, talked: (said.guess or said.intent is Intent.UNCLEAR)
        and not talked.before.called),
    (Intent.KEEP, TAKEN_BACK, lambda said, talked: talked.before.called),
    (Intent.OVERCHARGED, OVERCHARGED, lambda said, talked: said.intent in MONEY),
    (Intent.REFUND_STATUS, HOW_MUCH, lambda said, talked: bool(talked.focus)
        and talked.order_intent in (Intent.RETURN, Intent.REFUND_STATUS)),
    (Intent.REFUND_STATUS, MONEY_BACK, lambda said, talked: bool(talked.focus)
        and said.intent is Intent.RETURN and talked.order_intent == Intent.CANCEL),
    (Intent.REFUND_STATUS, PAID, lambda said, talked: bool(talked.focus)
        and said.intent in (Intent.PAYMENT, Intent.PAYMENT_STATUS)
        and talked.order_intent == Intent.REFUND_STATUS),
    (Intent.PRICE, HOW_MUCH, lambda said, talked: bool(talked.focus)),
    (Intent.PRICE, PRICE, lambda said, talked: (said.guess or said.intent in MONEY)
        and not NO_PRICE.search(said.plain)),
    (Intent.WHICH_FIRST, WHICH_FIRST, lambda said, talked: True),
    (Intent.ANY_LATE, ANY_LATE, lambda said, talked: True),
    (Intent.ANY_DUE, ANY_DUE, lambda said, talked: True),
    (Intent.ANY_DUE, DAY, lambda said, talked: talked.before.intent == Intent.ANY_DUE
        and len(said.plain.split()) <= SHORT),
    (Intent.ANY_READY, ANY_READY, lambda said, talked: said.intent in ASKS_WHERE
        and not (said.words or said.refers or talked.focus)),
    (Intent.ANY_READY, WAITS, lambda said, talked: said.intent is Intent.DELIVERY_OPTIONS
        and not (said.words or said.refers)),
    (Intent.STATUS, MISSED, lambda said, talked: said.intent is Intent.ADDRESS
        and "address" not in said.plain),
    (Intent.CANCELLABLE, CANCELLABLE, lambda said, talked: said.intent in (Intent.CANCEL,
        Intent.CANCEL_RULE, Intent.LIST) and not (said.words or said.numbers)),
    (Intent.CANCEL, CANCEL_ALL, lambda said, talked: said.intent is Intent.LIST),
    (Intent.NOT_THAT, NOT_THAT, lambda said, talked: bool(talked.focus)),
    (Intent.NO, NOT_THAT, lambda said, talked: bool(talked.before.choices)),
    (Intent.STATUS, IS_THERE, lambda said, talked: bool(talked.focus)
        and said.intent in (Intent.UNCLEAR, Intent.YES, Intent.NO, Intent.CONTENTS)),
    (Intent.PAYMENT_STATUS, GOT_MONEY, lambda said, talked: True),
    (Intent.DONE, DONE, lambda said, talked: talked.about.called),
    (Intent.SURE, SURE, lambda said, talked: not talked.first),
    (Intent.CARRIER, CARRIER, lambda said, talked: bool(talked.focus)
        and talked.before.intent != Intent.PERSON),
    (Intent.PERSON, CARRIER, lambda said, talked: talked.before.intent == Intent.PERSON),
    (Intent.MEANING, MEANING, lambda said, talked: bool(talked.focus)),
    (Intent.WHY, WHY, _of_an_order),
    (Intent.IS_IT, IS_IT, _about_an_article),
    (Intent.REST, REST, _spoken),
    (Intent.REST, re.compile(r"\bother$"), lambda said, talked: _spoken(said, talked)
        and bool(OTHERS.search(talked.text))),
    (Intent.NO, DECLINES, lambda said, talked: bool(talked.before.asked)),
    (Intent.STATUS, CHECK_AGAIN, _of_an_order),
    (Intent.CONTENTS, KIND, lambda said, talked: bool(said.words)),
    (Intent.CONTENTS, re.compile(""), lambda said, talked: said.intent is Intent.LIST
        and bool(said.numbers or said.bare_numbers)),
    (Intent.STATUS, PICK_UP, lambda said, talked: bool(said.words or talked.focus)),
    (Intent.STATUS, re.compile(""), lambda said, talked: bool(said.tracking)
        and said.intent in NOT_SAID),
    (Intent.STATUS, OF_A_NUMBER, lambda said, talked: said.intent in NOT_SAID),
    (Intent.WHY, MISSING_IN_ADDRESS, lambda said, talked: said.intent is Intent.ADDRESS),
    (Intent.STATUS, MANY_ROUTES, lambda said, talked: said.intent is Intent.LIST),
    (Intent.WHEN, DAY, lambda said, talked: bool(talked.focus)
        and said.intent in (Intent.UNCLEAR, Intent.STATUS)
        and len(said.plain.split()) <= SHORT),
)  # fmt: skip

# So sure of "off topic", a first message is not taken for a question about orders by its form.
SETTLED = 0.5


def follow_up(said: "Understanding", talked: Conversation) -> Intent | None:
    """What the words are after what was said; None where they stand for themselves."""
    settled = said.intent is Intent.OFF_TOPIC and said.sure >= SETTLED
    if talked.first and settled and not OF_A_NUMBER.search(said.plain):
        return None
    for intent, pattern, fits in FOLLOW_UPS:
        if pattern.search(said.plain) and fits(said, talked):
            return intent
    if said.guess and talked.order_intent and SAME.search(said.plain):
        return Intent(talked.order_intent)
    if said.intent is Intent.LIST and said.where.state:
        return Intent.STATUS
    points = said.where or (said.words and WITH.search(said.plain))
    if said.intent in NO_WISH and points and _spoken(said, talked):
        last = talked.order_intent or Intent.STATUS
        again = last not in ACTING or talked.before.asked == "which"
        return Intent(last) if again else Intent.STATUS
    return None
