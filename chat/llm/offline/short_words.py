"""The short words of a conversation, as patterns over plain words (see ``spelling``).

What they mean, and where, stands in ``thread``.
"""

import re

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
