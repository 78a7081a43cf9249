"""What is said beside orders: politeness, limits, help articles, a person."""

from collections.abc import Sequence

from chat.llm.offline.conversation import Facts

CAN = (
    "I can look up your orders and parcels, tell you when something should arrive, explain the"
    " shop's rules on delivery, returns and payment, and ask a colleague to help you."
)
HELLO = "Hello! How can I help you with your order?"
HELLO_AGAIN = "Hello again! What can I look up for you?"
THANKS = "You're welcome! Is there anything else I can look up for you?"
BYE = "Goodbye, and have a nice day!"
YES = "Gladly – what would you like to know about your order?"
NO = "All right. I am here if you need anything else."
CAPABILITIES = f"{CAN} Just ask, for example: “Where is my parcel?”"
IDENTITY = (
    f"I am the shop's automated assistant, not a person. {CAN}"
)  # fmt: skip
CANNOT_HELP = "I am sorry, that is something I cannot help with myself."
OFF_TOPIC = f"I am sorry, that is something I cannot help with. {CAN}"
UNCLEAR = f"I am sorry, I did not understand that. {CAN} Could you put it in other words?"
STILL_UNCLEAR = (
    "I am sorry, I do not understand that either. I am a simple assistant: an order's number or the"
    " name of an article helps me. Shall I ask a colleague instead?"
)
FOREIGN = (
    "I am sorry, I understand English only. Could you say it in English, or name your order's"
    " number? Shall I ask a colleague?"
)
STILL_MISSING = (
    "I am sorry. Then a colleague should look into it, for I cannot see more than I told you."
    " Shall I ask one?"
)
COMPLAINT = (
    "I am sorry that something went wrong. Shall I ask a colleague to take over? Or tell me which"
    " order it is about and what happened, and I look it up at once."
)
CHANGE = (
    "I cannot change what is in an order myself. Our staff may be able to, as long as it has not"
    " left us. Shall I ask a colleague?"
)
IF_NOT_THAT = "If that is not what you mean, put it in other words, or ask for a colleague."
CANNOT_CHANGE = "I cannot change what is in an order myself."
ADDRESS_GIVEN = (
    "Thank you. Our staff can read that here; please wait for their word, for nothing is changed"
    " before they confirm it."
)
CANNOT_LOOK_UP = (
    "I am sorry, I cannot look that up right now. Please try again in a few minutes, or say that"
    " you would like a person, and I ask a colleague."
)
CANNOT_REACH = (
    "I am sorry, I could not reach a colleague just now. Please try again in a few minutes."
)
NO_ORDERS = (
    "I cannot find any orders in your account. If you ordered with another e-mail address or as a"
    " guest, I can ask a colleague to look for it."
)
SORRY_FOR_COMPLAINT = "I am sorry that you have a reason to complain."
SORRY = "I am sorry for the trouble."
SORRY_MISSING = "I am sorry that you are missing it."
WHICH_AGAIN = "I am sorry, I could not tell which one you mean."
ONE_PARCEL = "Order #{number} has one parcel only."
NO_PARCEL = "Order #{number} has no parcel so far."
NO_OTHERS = "I see no other orders in your account."
NOTHING_AWAITED = "You wait for nothing at the moment: none of your orders is open."
NO_REASON = "I do not know why; nothing is noted about it. Shall I ask a colleague?"
WITH_CARRIER = (
    "Because a carrier has it already: from then on the shop can neither stop it nor send it"
    " elsewhere."
)
NO_TROUBLE = "No trouble is noted for it."
NO_MORE = "Shall I ask a colleague to find out more?"
SURE = "It is what the shop has on record; I have nothing else to go by."
SURE_RULE = (
    "It is what the shop has written, and I only pass it on. Shall I ask a colleague to confirm it"
    " for you?"
)
NOT_DONE = (
    "Not as far as I can see. A colleague is asked and has to confirm it; they can read all that is"
    " written here."
)
SURE_ASKED = (
    "Yes, a colleague is asked and can read all that is written here. I cannot say when they get to"
    " it."
)
FOUND = "I am glad that it turned up! Is there anything else I can look up for you?"
CHECK_CHARGE = "A colleague can compare the two. Shall I ask one?"
NONE_OF_THEM = (
    "Then I do not know which one you mean. Its number or the name of an article would help; or"
    " shall I ask a colleague?"
)
STAYS = "All right, then it stays as it is. I am here if you need anything else."
ASKED_ALREADY = (
    "All right. A colleague is asked already and can read everything here; there is nothing more"
    " that you need to do."
)
OFFER_HERE = "Or shall I ask a colleague into this chat?"
STILL_POSSIBLE = "If you like, I ask a colleague whether anything is still possible."
OFFER = "Shall I ask a colleague to help you?"


def asked_a_person(handoff: Facts, why: str = "") -> str:
    """That a person was asked for, without promising when they come."""
    if handoff.get("already_requested_before"):
        return (
            "A colleague is already asked into this conversation and can read this too; I cannot"
            " say when they get to it."
        )
    return (
        f"I have asked a colleague{why}. They can read this conversation; I cannot say when they"
        " get to it."
    )


def missing_passed_on(handoff: Facts, numbers: Sequence[str]) -> str:
    """That a colleague was asked to look for what counts as delivered."""
    which = " and ".join(f"#{number}" for number in numbers)
    return f"I am sorry. {asked_a_person(handoff, f' to look for order {which}')}"


def article(found: Sequence[Facts]) -> str:
    """What the best article says, in its own words, with a link to it; "" where there is none."""
    if not found:
        return ""
    best = found[0]
    # The page shows no link whose words hold brackets.
    title = best["title"].translate(str.maketrans("[]", "()"))
    under = f" under “{best['heading']}”" if best["heading"] else ""
    return f"Our article [{title}]({best['url']}) says{under}: “{best['passage']}”"


NOT_WRITTEN = (
    "I am sorry, the shop has written nothing about that, so I would rather not guess. I can ask a"
    " colleague for you – shall I?"
)
