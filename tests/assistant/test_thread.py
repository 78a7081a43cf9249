"""The thread of a conversation: what short words mean after what was said before.

Each dialogue is what the customer says, one thing after the other (" | "), which orders are looked
up for the last of them, and what must and must not stand in its answer.
"""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from chat.management.demo.shop import seed
from tests.assistant.clerk import Clerk

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(scope="module", autouse=True)
def shop(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo shop, once for all: nothing here writes to it."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed(timezone.now())
        yield
        transaction.set_rollback(True)


def clerk(customer: str) -> Clerk:
    return Clerk(User.objects.get(username=customer))


# alice: 48211 kettle and tea, DHL, tomorrow 9-13; 48163 mugs, delivered to neighbour Petersen;
#        48090 wok, cancelled; 47955 toaster and board, delivered long ago.
# bob:   48224 lamp, on hold; 48207 espresso maker and towels, DPD, out today; 48202 vacuum, UPS
#        tried; 48180 knives (delivered, letterbox) and jars (GLS, late); 47903 pan, delivered.
# carol: 48229 kettle, on hold; 48226 blender and scale, DHL label only; 48195 toaster and red mugs,
#        to collect; 48188 timer, a letter; 48071 lamp and blue mug, sent back.
DIALOGUES = [
    # --- the other one, the second one, the rest
    ("bob", "where is my order? | the second one | and the other one?",
     "", "#48224 #48202", "#48207"),
    ("bob", "where is my order? | the second one | the rest?", "48224 48202 48180",
     "#48224 #48202 #48180", "#48207"),
    ("bob", "where is my order? | the vacuum | and the others?",
     "48224 48207 48180", "DPD", "#48202"),
    ("bob", "where is my order? | all of them",
     "48224 48207 48202 48180", "DPD|UPS|GLS|bank transfer", ""),
    ("bob", "where is my order? | 1 and 3", "48224 48202", "#48224 #48202", "#48207"),
    ("bob", "where is my order? | the first and the last",
     "48224 48180", "#48224 #48180", "#48207"),
    ("bob", "where is my order? | the first two", "48224 48207", "#48224 #48207", "#48202"),
    ("bob", "where is 48207 | same for 48202", "48202", "UPS", "DPD"),
    ("bob", "where is my espresso maker? | what about #48180", "48180", "GLS", "DPD"),
    ("alice", "where is my parcel | the second one", "", "Which one", ""),
    ("alice", "where is my parcel | and the second parcel?", "48211", "one parcel only", ""),
    ("carol", "where is my order? | the second one | and the first?", "48229", "house number", ""),
    ("carol", "show my orders | what about the third", "48195", "Packstation", ""),
    # --- which of them: by its state or its age
    ("bob", "where is my order? | the late one", "48180", "GLS", ""),
    ("bob", "where is my order? | the one on hold", "48224", "bank transfer", ""),
    ("bob", "where is my order? | the one that is out for delivery", "48207", "DPD", ""),
    ("carol", "where is my order? | the one I have to collect", "48195", "Packstation", ""),
    ("carol", "where is my order? | the first one | not that one, the older one",
     "48226", "label", ""),
    ("carol", "where is my order? | the second | the newer one", "48229", "on hold", ""),
    ("bob", "where is my order? | the one I ordered yesterday", "48224", "on hold", ""),
    # --- corrections
    ("bob", "where is my order? | the first one | no, the second", "48207", "DPD", ""),
    ("bob", "where is my order? | not the lamp, the vacuum", "48202", "UPS", "#48224"),
    ("bob", "where are my jars | wrong order, I mean the vacuum", "48202", "UPS", "#48180"),
    ("bob", "where are my jars | thats the wrong order. the vacuum", "48202", "UPS", "#48180"),
    ("alice", "Where is my order? And how do I change my password?", "48211",
     "DHL|cannot help with", ""),
    ("alice", "i want to return the red mugs", "48163", "Returns", "gift"),
    ("alice", "kettle arrived broken and one tea is missing", "48211", "I am sorry|photo", "DHL"),
    ("alice", "where is my parcel | no I mean the mugs", "48163", "Petersen", ""),
    ("alice", "where is 48163 | sorry, I meant 48211", "48211", "DHL", ""),
    ("carol", "where are the mugs | not the red ones, the blue one", "48071", "back to us", ""),
    ("carol", "where is 48195 | no I mean the parcel", "48195", "Packstation", ""),
    ("alice", "how do i return the mugs | no, the toaster", "47955", "30 days", ""),
    ("bob", "cancel 48224 | no wait, I meant 48207", "48207", "#48207", "I have asked"),
    # --- parcels of one order
    ("bob", "where is 48180 | and the second parcel?",
     "48180", "GLS|Storage jars", "Knife set was"),
    ("bob", "where are the jars? | and the other parcel?", "48180", "Knife set|letterbox", "GLS"),
    ("bob", "where are the jars? | when?", "48180", "no new date", "letterbox"),
    ("bob", "where is 48180 | the first one?", "48180", "letterbox", "GLS"),
    ("bob", "where is 48180 | what is in the second one", "48180", "Storage jars", "Knife set"),
    ("bob", "where are the knives | and the jars?", "48180", "late", "letterbox"),
    ("bob", "where is 48180 | where is the GLS one", "48180", "Kassel", "letterbox"),
    # --- is that the …?
    ("bob", "where is 48202 | is that the vacuum?", "48202", "Yes", "No,"),
    ("bob", "where is 48202 | is that the espresso maker?",
     "48202", "No|Espresso maker|#48207", "Yes"),
    ("carol", "where is 48195 | is that the red one?",
     "48195", "Yes|Stoneware mug (red)|48195", "No,"),
    ("carol", "where is 48195 | is that the blue one?", "48195", "No|blue|#48071", "Yes"),
    ("bob", "where are the jars | are the knives in it too?",
     "48180", "No|Knife set|letterbox", "Yes"),
    ("alice", "where is my parcel | is the tea in it?", "48211", "Yes|Assam tea", "No,"),
    ("alice", "where is my parcel | does it include the toaster?",
     "48211", "No|toaster|#47955", "Yes"),
    ("alice", "where is my parcel | is that the violin?", "48211", "No|violin", "Yes"),
    # --- when, and whether then
    ("alice", "where is my parcel | when?", "48211", "tomorrow|9:00 and 13:00", "Yes"),
    ("alice", "where is my parcel | so tomorrow?", "48211", "Yes|tomorrow", "No,"),
    ("alice", "where is my parcel | so today?", "48211", "No|tomorrow", "Yes"),
    ("alice", "where is my parcel | today or tomorrow?", "48211", "tomorrow", "No,"),
    ("bob", "where are the jars? | so tomorrow?", "48180", "no new date", "Yes"),
    ("bob", "where is my espresso maker | will it come today?", "48207", "Yes|DPD", "No,"),
    ("carol", "where is 48226 | so tomorrow?", "48226", "no delivery date", "Yes"),
    ("alice", "where is my parcel | what time", "48211", "9:00 and 13:00", ""),
    # --- which comes first, is any late
    ("bob", "where is my order? | which one comes first?", "", "#48207|today", ""),
    ("bob", "where is my order? | is any of them late?", "", "Yes|#48180|GLS", "#48207"),
    ("carol", "where is my order? | is any of them late?", "", "No", "#48229"),
    ("alice", "is any of my orders late?", "", "No", ""),
    ("bob", "which of my parcels are late?", "", "#48180", "#48207"),
    ("carol", "where is my order? | which arrives next?", "", "no date", "should arrive"),
    # --- why, what does that mean, are you sure
    ("bob", "where are the jars | why?", "48180", "wrong depot", "letterbox"),
    ("bob", "where is the lamp | why?", "48224", "bank transfer", ""),
    ("carol", "where is 48071 | why?", "48071", "not collected", ""),
    ("carol", "where is 48226 | what does that mean?", "48226", "DHL|scanned", ""),
    ("bob", "where is the vacuum | what does that mean?", "48202", "hand it over|again", ""),
    ("bob", "where is the lamp | what does on hold mean?", "48224", "not sent", ""),
    ("alice", "where is my parcel | are you sure?", "48211", "DHL|tomorrow", ""),
    ("alice", "how long can i return things | are you sure?", "", "colleague", "#48211"),
    ("alice", "where is my parcel | really?", "48211", "tomorrow", ""),
    # --- the carrier
    ("bob", "where is 48180 | how do i contact them", "48180", "GLS|48018022174", "DHL"),
    ("alice", "where is my parcel | whats the number of dhl",
     "48211", "00340434171209348211", "Petersen"),
    ("bob", "where is the vacuum | can you call them?", "48202", "colleague", ""),
    ("alice", "where is my parcel | who delivers it", "48211", "DHL", ""),
    ("alice", "where is my parcel | can i have the link", "48211", "https://www.dhl.de/", ""),
    # --- cancelling, and not
    ("bob", "can i cancel the lamp? | cancel that one then",
     "48224", "I have asked a colleague", ""),
    ("bob", "can i cancel the lamp? | actually no, don't cancel it",
     "48224", "not cancelled", "I have asked"),
    ("bob", "can i cancel the lamp? | no", "", "All right", "asked a colleague"),
    ("bob", "can i cancel the lamp? | yes", "", "I have asked a colleague", ""),
    ("bob", "cancel order 48224 | actually no, don't cancel it",
     "48224", "not cancelled|read", "I have asked a"),
    ("bob", "cancel order 48224 | keep it please", "48224", "not cancelled", ""),
    ("bob", "cancel order 48224 | i changed my mind", "48224", "not cancelled", ""),
    ("bob", "cancel order 48224 | same for the espresso maker", "48207", "already left", ""),
    ("bob", "please don't cancel my lamp", "48224", "not cancelled", "I have asked"),
    ("bob", "cancel order 48224 | thanks", "", "welcome", ""),
    ("carol", "i want to change the address of 48229 | leave it as it is",
     "48229", "address", "Please write"),
    # --- delivered, and not there
    ("alice", "it says delivered but i never got my mugs | nope, not there",
     "", "I have asked a colleague", ""),
    ("alice", "it says delivered but i never got my mugs | i asked them, nothing",
     "", "I have asked a colleague", ""),
    ("alice", "it says delivered but i never got my mugs | no", "", "Shall I ask", "I have asked"),
    ("alice", "it says delivered but i never got my mugs | no | yes please",
     "", "I have asked a colleague", ""),
    ("alice", "it says delivered but i never got my mugs | found it, thanks!",
     "", "glad", "colleague"),
    ("bob", "my knives say delivered but they're not here | they are not in the letterbox", "",
     "I have asked a colleague", ""),
    # --- back after a detour
    ("bob", "where is my espresso maker | how do i return something | so when does it come?",
     "48207", "DPD", ""),
    ("alice", "where is my parcel | this is ridiculous | when will it be here",
     "48211", "tomorrow", ""),
    ("bob", "where is my order? | the vacuum | tell me a joke | can I still cancel it?",
     "48202", "left us", ""),
    ("bob", "where is my lamp | and my vacuum? | back to the lamp, can I cancel it?",
     "48224", "still cancel", ""),
    ("alice", "where is my parcel | do you ship to austria | thanks | and is it still tomorrow?",
     "48211",
     "Yes|tomorrow", ""),
    # --- yes and no to what it asks
    ("alice", "where is 99999 | no", "", "colleague", "Which one do you mean"),
    ("alice", "where is 99999 | the first one", "48211", "DHL", ""),
    ("bob", "where is my order? | yes", "", "Which one", ""),
    ("bob", "where is my order? | none of them", "", "colleague", ""),
    ("bob", "where are the jars | yes please ask a colleague", "", "I have asked a colleague", ""),
    ("bob", "where are the jars | no thanks", "", "All right", "I have asked"),
    ("alice", "where is my parcel | never mind", "", "All right", ""),
    ("alice", "where is my parcel | thanks", "", "welcome", ""),
    ("alice", "asdf | qwer | yes", "", "I have asked a colleague", ""),
    ("alice", "i want to talk to a human | how do i contact them",
     "", "A colleague is already asked", "DHL"),
    # --- money
    ("alice", "my card was charged twice", "", "#48211|69.50 €|colleague", "is paid (69.50"),
    ("alice", "my card was charged twice | yes", "", "I have asked a colleague", ""),
    ("alice", "i was charged twice for 48211", "48211", "69.50 €|Shall I ask", "48163"),
    ("alice", "what did I pay for the kettle", "48211", "49.90 €|69.50 €", "is paid"),
    ("bob", "what did i pay for the lamp", "48224", "64 €", "shop notes"),
    ("alice", "how much was the kettle | and the tea?", "48211", "9.80 €", "49.90"),
    ("alice", "where is my parcel | how much was it?", "48211", "69.50 €", ""),
    # --- what is due, and what is not meant
    ("bob", "is anything arriving today?", "", "Yes|#48207", "#48224"),
    ("bob", "is anything arriving today? | and tomorrow?", "", "Not as far as I can see", "Yes"),
    ("bob", "which of my orders is on hold? | why?", "48224", "bank transfer", "#48207"),
    ("bob", "my parcel is late | what happened?", "48180", "wrong depot", ""),
    ("bob", "where are the jars? | can you ask them?", "48180", "a colleague can ask GLS", ""),
    ("bob", "where is 48180 | the knives never came", "48180", "look there first", "jars"),
    ("carol", "where are my mugs | what is the other order with mugs", "48071", "back to us", ""),
    ("carol", "where is my order | the one with the scale | not that", "", "Which one", "#48226"),
    ("alice", "cancel my order | why not?", "48211", "a carrier has it", "trouble"),
    ("alice", "did you refund the wok | how much?", "48090", "43.90 €", ""),
    ("alice", "where is order 48211 and 48163 | the second one | is that delivered?", "48163",
     "was delivered", ""),
    ("carol", "where is my timer | what can i do? | yes", "", "I have asked a colleague", ""),
    ("alice", "it says delivered but nothing came | yes i looked | still nothing", "",
     "A colleague is already asked", ""),
    ("bob", "what did i order in 48180 | and in 48207?", "48207", "Espresso maker", "Knife"),
    ("alice", "can you look up 00340434171209348211 for me", "48211", "DHL", ""),
    ("carol", "where can I pick up my toaster?", "48195", "Packstation 142", ""),
    ("bob", "can you cancel both the lamp and the espresso maker", "48224 48207",
     "I have asked a colleague to cancel your order #48224|#48207|already left us", ""),
    ("bob", "can I cancel the lamp and the vacuum?", "48224 48202", "can still cancel|left us",
     "I have asked"),
    ("bob", "cancel 48224 | did you cancel it?", "48224", "Not as far as I can see", "Yes"),
    ("bob", "deliver 48224 to my office | Hauptstr. 1, Bonn | so is it changed?", "48224",
     "has to confirm it", "Yes"),
    ("bob", "where is the lamp | did you get my money?", "48224", "not paid yet", ""),
    # --- several orders at once
    ("bob", "where are my orders?",
     "48224 48207 48202 48180", "DPD|UPS|GLS|bank transfer", "47903"),
    ("carol", "when do my orders come?",
     "48229 48226 48195 48188", "#48229 #48226 #48195 #48188", "#48071"),
    ("bob", "where's my stuff", "", "#48224 #48207 #48202 #48180", ""),
    ("alice", "where is my ipad", "", "ipad", "DHL"),
    # --- what waits to be collected, what can still be cancelled, what was missed
    ("carol", "where do I pick up my package", "48195", "Packstation 142", "Which one"),
    ("carol", "is anything ready to collect", "48195", "Packstation 142", "Which one"),
    ("carol", "do i have a parcel to collect?", "48195", "Packstation 142", "Which one"),
    ("bob", "is there anything I can pick up?", "", "is waiting to be collected|#48207", ""),
    ("carol", "can I pick up my order in your store?", "", "cannot be collected there",
     "Packstation"),
    ("carol", "which can I still cancel", "48229 48226",
     "can still cancel|#48229|#48226|Which one do you want to cancel?", "#48195 #48188"),
    ("carol", "which can I still cancel | the second", "48226", "asked a colleague|#48226",
     "#48229"),
    ("bob", "which orders can I still cancel?", "48224", "can still cancel|Shall I ask", "#48207"),
    ("alice", "can any of my orders still be cancelled?", "", "None of your orders", "#48211"),
    ("carol", "cancel everything", "48229 48226 48195 48188",
     "colleague to cancel your order #48229|#48226|#48195 and #48188 have already left us", ""),
    ("bob", "cancel all my orders", "48224 48207 48202 48180",
     "colleague to cancel your order #48224|have already left us", "newest first"),
    ("bob", "nobody was home when the driver came", "48202", "UPS|next working day", "Which one"),
    ("bob", "I missed the delivery, what now", "48202", "UPS|next working day",
     "change its address"),
    ("bob", "can they redeliver it", "48202", "UPS|next working day", "change its address"),
    # --- names alone wish for nothing but to hear of them
    ("bob", "the lamp and the vacuum please", "48224 48202", "#48224 #48202", "#48207"),
    ("bob", "please not the lamp", "48224", "on hold", "I have asked"),
    ("carol", "kettle and toaster", "48229 48195", "#48229 #48195", "damaged"),
    # --- a part of an order is taken out, not all of it cancelled
    ("carol", "i want to cancel just the scale keep the blender", "48226",
     "take Kitchen scale|Nothing is taken out before", "to cancel your order"),
    ("carol", "cancel the blender and the scale", "48226", "to cancel your order #48226", "take"),
    # --- a colleague was asked already, and nothing was paid yet
    ("bob", "cancel the lamp | yes", "", "asked already", "Gladly"),
    ("bob", "cancel the lamp | will i get my money back", "48224", "nothing to pay back",
     "send back"),
    ("bob", "my knives never came | i looked, nothing | yes", "", "asked already", "Gladly"),
    ("bob", "my knives are not in the letterbox | i looked everywhere", "", "asked a colleague",
     ""),
    # --- money that came back, or is still owed
    ("carol", "did i get my refund", "48071", "72.90 €|was paid back", "Our article"),
    ("carol", "where is my return", "48071", "72.90 €|was paid back", "Our article"),
    ("bob", "jars never came i want my money back", "48180", "late with GLS", "send back"),
    ("bob", "what do i owe you", "48224", "64 €|not paid yet", "Refunds"),
    ("alice", "where is the refund for the wok | i paid by paypal", "48090", "was paid back",
     "Our article"),
    ("alice", "payment failed but the money is gone", "", "cannot see what was taken",
     "Nothing has been charged"),
    ("alice", "can i return the toaster", "47955", "delivered on|days ago|30 days", ""),
    # --- what comes, and what has not come
    ("bob", "anything coming today?", "", "as far as I can see|#48207", "newest first|#48224"),
    ("bob", "where are all my parcels | which one comes today", "", "#48207", "#48224"),
    ("bob", "which of my orders are not here yet", "", "You wait for these|#48224", "#47903"),
    ("bob", "nobody rang the bell!!! i was home ALL day yesterday", "48202", "UPS", "Which one"),
    ("carol", "can someone else collect my parcel", "48195", "Packstation", "Which one"),
    # --- what the shop has written
    ("alice", "do you have a phone number", "", "E-mail, letter and telephone|no telephone line",
     "I have asked"),
    ("alice", "do you have a phone number | yes", "", "I have asked a colleague", ""),
    ("alice", "can i talk to someone on the phone", "", "I have asked a colleague", ""),
    ("alice", "forgot my password", "", "cannot help with myself|I forgot my password", ""),
    ("alice", "stop sending me newsletters!!!", "", "cannot help with myself|The newsletter", ""),
    ("bob", "can i add a second lamp to my order", "",
     "Adding or swapping articles|Shall I ask a colleague", "may be able to"),
    ("carol", "where's your shop", "", "Our showroom in Hamburg", "written nothing"),
    ("alice", "do you ship to spain | how much", "", "What does delivery cost?", "did not"),
    ("alice", "the mugs are chipped | how long do i have", "", "within 14 days", "did not"),
    ("bob", "where is the lamp | lol ok", "", "All right", "did not understand"),
    ("alice", "what are good shoes for running", "", "cannot help", "#48211"),
    # --- whether it is cancelled or right is a question, not a wish
    ("bob", "is the lamp cancelled", "48224", "#48224 is not cancelled", "I have asked"),
    ("bob", "did u cancel my lamp", "48224", "#48224 is not cancelled", "I have asked"),
    ("carol", "i heard the kettle got cancelled", "48229", "is not cancelled", "I have asked"),
    ("bob", "i want the lamp cancelled", "48224", "asked a colleague to cancel", ""),
    ("carol", "is my address right for the blender", "48226", "Rosenheimer Straße 28",
     "I have asked"),
    ("carol", "did you change my address on the kettle already", "48229", "Rosenheimer Straße,",
     "I have asked"),
    ("alice", "dont get a colleague", "", "All right", "I have asked"),
    ("alice", "no human please just tell me where my kettle is", "48211", "tomorrow",
     "I have asked"),
    ("alice", "i need a human", "", "I have asked a colleague", ""),
    ("carol", "cancel the kettle | no wait dont", "48229", "not cancelled|stay so", ""),
    ("carol", "cancel | the one with the blender", "48226", "to cancel your order #48226", "take"),
    ("carol", "cancel | the one with the blender | actually i dont want to cancel", "48226",
     "not cancelled|stay so", "Which one"),
    ("alice", "cant be home tomorrow for the kettle | ok can a neighbour take it", "", "",
     "I have asked"),
    ("alice", "where is my kettle | no thats wrong", "", "other words", "All right"),
    # --- not where it was left, as an answer to where it is
    ("bob", "where r my knives | theyre not in my letterbox", "48180",
     "letterbox|Shall I ask", "change its address|look there first"),
    ("alice", "where are my mugs | he doesnt have them", "48163", "Petersen|Shall I ask",
     "ask there first"),
    ("bob", "got the knives but no jars", "48180", "late with GLS", "14 days"),
    ("bob", "refund the jars please they are late", "48180", "late with GLS", "send back"),
    # --- the money of an order that is not paid
    ("bob", "i paid the lamp already", "48224", "not paid yet", "Refunds"),
    ("bob", "did my payment arrive", "48224", "not paid yet", "Our article"),
    # --- the only one that is so
    ("carol", "why on hold", "48229", "house number", "Which one"),
    ("carol", "timer hasnt come", "48188", "If it has not reached you", ""),
    ("carol", "where is the lamp", "48071", "was sent back to us", "on its way"),
    ("alice", "toaster stopped working after 2 months", "47955", "Warranty", "14 days"),
    ("bob", "i wanna return the pan", "47903", "That is over the 30 days", "just say so"),
    # --- a return, step by step
    ("alice", "return the mugs | how much does that cost", "48163", "What does a return cost?",
     "53.40"),
    ("alice", "return the mugs | how", "48163", "How do I return something?", "did not"),
    ("alice", "return the mugs | where do i send them", "48163", "How do I return something?", ""),
    ("alice", "want to cancel the kettle | how", "48211", "How do I return something?", ""),
    ("bob", "whats the tracking number of the espresso maker", "48207",
     "The tracking number is 01505094048207", ""),
    ("bob", "cancel the lamp | how long do i have to wait for a colleague", "",
     "cannot say when", "on hold"),
    ("alice", "good morning quick question", "", "Hello", "cannot help"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("customer", "said", "looked_up", "told", "never"),
    DIALOGUES,
    ids=[f"{who}: {said}" for who, said, *_ in DIALOGUES],
)
def test_the_thread_is_kept(
    customer: str, said: str, looked_up: str, told: str, never: str
) -> None:
    reply = clerk(customer).ask(*(each.strip() for each in said.split("|")))
    assert reply.looked_up == looked_up.split(), reply.text
    assert [part for part in _parts(told) if part not in reply.text] == [], reply.text
    assert [part for part in _parts(never) if part in reply.text] == [], reply.text


def _parts(text: str) -> list[str]:
    """Parts that "|" parts, or order numbers with only a space between."""
    return (
        text.split() if text.startswith("#") and "|" not in text else text.split("|") * bool(text)
    )
