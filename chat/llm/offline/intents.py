"""What customers want."""

from enum import StrEnum


class Intent(StrEnum):
    STATUS = "status"
    WHEN = "when"
    LIST = "list"
    CONTENTS = "contents"
    NOT_RECEIVED = "not_received"
    ADDRESS = "address"
    ADDRESS_GIVEN = "address_given"
    ADDRESS_BOOK = "address_book"
    CANCEL = "cancel"
    CANCEL_RULE = "cancel_rule"
    CHANGE = "change"
    RETURN = "return"
    REFUND_STATUS = "refund_status"
    PAYMENT = "payment"
    PAYMENT_STATUS = "payment_status"
    PAYMENT_PROBLEM = "payment_problem"
    DAMAGED = "damaged"
    DELIVERY_TIME = "delivery_time"
    DELIVERY_OPTIONS = "delivery_options"
    RULES = "rules"
    PERSON = "person"
    COMPLAINT = "complaint"
    CAPABILITIES = "capabilities"
    IDENTITY = "identity"
    GREETING = "greeting"
    THANKS = "thanks"
    BYE = "bye"
    YES = "yes"
    NO = "no"
    OFF_TOPIC = "off_topic"
    UNCLEAR = "unclear"

    # What only what was said before gives a meaning (see ``thread``).
    WHICH_FIRST = "which_first"
    ANY_LATE = "any_late"
    ANY_DUE = "any_due"
    ANY_READY = "any_ready"
    CANCELLABLE = "cancellable"
    DONE = "done"
    NOT_THAT = "not_that"
    REST = "rest"
    IS_IT = "is_it"
    SURE = "sure"
    WHY = "why"
    MEANING = "meaning"
    CARRIER = "carrier"
    KEEP = "keep"
    STILL_MISSING = "still_missing"
    FOUND = "found"
    OVERCHARGED = "overcharged"
    PRICE = "price"


# The kinds that the classifier tells apart (the files of ``phrases/``), with the intents that the
# rules tell apart within each; the first is what it is if no rule says otherwise.
KINDS: dict[str, tuple[Intent, ...]] = {
    "order_status": (Intent.STATUS,),
    "delivery_time": (Intent.WHEN, Intent.DELIVERY_TIME, Intent.ANY_DUE),
    "delivery_options": (Intent.DELIVERY_OPTIONS,),
    "address_change": (Intent.ADDRESS, Intent.ADDRESS_BOOK),
    "cancellation": (Intent.CANCEL, Intent.CANCEL_RULE, Intent.CANCELLABLE),
    "return_refund": (Intent.RETURN, Intent.REFUND_STATUS),
    "payment": (
        Intent.PAYMENT,
        Intent.PAYMENT_STATUS,
        Intent.PAYMENT_PROBLEM,
        Intent.OVERCHARGED,
    ),
    "complaint": (Intent.COMPLAINT,),
    "person": (Intent.PERSON,),
    "off_topic": (Intent.OFF_TOPIC,),
    "not_received": (Intent.NOT_RECEIVED,),
    "damaged": (Intent.DAMAGED,),
    "order_change": (Intent.CHANGE,),
    "contents": (Intent.CONTENTS, Intent.PRICE),
    "list": (Intent.LIST, Intent.ANY_LATE, Intent.WHICH_FIRST, Intent.ANY_READY),
    "rules": (Intent.RULES,),
    "greeting": (Intent.GREETING,),
    "thanks": (Intent.THANKS,),
    "bye": (Intent.BYE,),
    "yes": (Intent.YES,),
    "no": (Intent.NO,),
    "capabilities": (Intent.CAPABILITIES,),
    "identity": (Intent.IDENTITY,),
}
KIND_OF = {intent: kind for kind, intents in KINDS.items() for intent in intents}

# Said beside something else, these are only politeness.
POLITE = frozenset({Intent.GREETING, Intent.THANKS, Intent.BYE, Intent.YES, Intent.NO})
# Beside a wish, anger is its tone.
SOCIAL = POLITE | {Intent.COMPLAINT}

#: Answered from one order (or a choice of them).
ABOUT_ORDERS = frozenset(
    {
        Intent.STATUS, Intent.WHEN, Intent.CONTENTS, Intent.NOT_RECEIVED, Intent.ADDRESS,
        Intent.CANCEL, Intent.REFUND_STATUS, Intent.PAYMENT_STATUS,
    }
)  # fmt: skip
