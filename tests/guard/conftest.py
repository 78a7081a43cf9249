"""The demo shop, in which alice is the customer and bob somebody else."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from langchain_core.messages import BaseMessage, HumanMessage

from chat.agent import TextDelta
from chat.assistant import APOLOGY, Assistant, Line
from chat.guard.guard import Guard
from chat.management.demo.shop import seed
from chat.orders.models import Order
from tests.scripted_model import ScriptedChatModel


@dataclass
class Shown:
    """What the customer was shown, and what was withheld: kinds and texts."""

    text: str = ""
    withheld: list[tuple[str, str]] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        return self.text.endswith(APOLOGY)

    @property
    def before(self) -> str:
        """What was shown before the apology."""
        return self.text.removesuffix(APOLOGY)


@dataclass(frozen=True)
class Shop:
    alice: User
    values: dict[str, str]

    async def obeyed(self, say: Sequence[str], *tokens: str) -> Shown:
        """A model says these tokens to alice, who had said that."""
        shown = Shown()

        async def report(kind: str, text: str) -> None:
            shown.withheld.append((kind, text))

        asked: list[BaseMessage] = [HumanMessage(text, id=str(n)) for n, text in enumerate(say)]
        guard = Guard(self.alice.pk, asked, report)
        model = ScriptedChatModel(tokens)
        async for event in Assistant(Line("obeys", model), timeout=5).answer(
            "s", "r", [], asked, guard
        ):
            shown.text += event.text if isinstance(event, TextDelta) else ""
        return shown


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Shop]:
    seed(timezone.now())
    alice, bob = (User.objects.get(username=name) for name in ("alice", "bob"))
    values = {"email": bob.email, "own_email": alice.email}
    for prefix, number in (("", "48207"), ("own_", "48211")):
        order = Order.objects.get(number=number)
        parcel = order.shipments.get()
        values |= {
            f"{prefix}order": number,
            f"{prefix}tracking": parcel.tracking_number,
            f"{prefix}url": parcel.tracking_url,
            f"{prefix}street": order.shipping_street,
            f"{prefix}postal": order.shipping_postal_code,
            f"{prefix}city": order.shipping_city,
        }
    yield Shop(alice, values)


def tokens(text: str, seed_: int) -> list[str]:
    """The text in pieces of one to five characters, as a model might stream it."""
    chance, pieces = random.Random(seed_), []  # noqa: S311 the same each time
    while text:
        size = chance.randint(1, 5)
        pieces.append(text[:size])
        text = text[size:]
    return pieces
