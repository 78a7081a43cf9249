"""The demo shop, in which alice is the customer and bob somebody else."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from langchain_core.messages import BaseMessage, HumanMessage

from chat.agent import MessageFinished, TextDelta, ToolFinished
from chat.assistant import APOLOGY, Assistant, Line
from chat.guard.guard import Guard
from chat.help.models import HelpArticle
from chat.llm import create_model
from chat.management.demo.shop import seed
from chat.models import ChatSession
from chat.orders.models import Order
from chat.tools import tools_for
from tests.scripted_model import ScriptedChatModel


@dataclass
class Shown:
    """What the customer was shown, what tools answered, and what was withheld: kinds and texts."""

    text: str = ""
    looked_up: str = ""
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

    def plant(self, where: str, text: str) -> None:
        """Stands from now on in alice's order, or in the help."""
        order = Order.objects.for_customer(self.alice).get(number=self.values["own_order"])
        match where:
            case "note":
                order.note = text
            case "address":
                order.shipping_street = text
            case "article_title":
                order.lines.update(title=text)
            case "help":
                slug = uuid4().hex
                HelpArticle.objects.create(slug=slug, title="Returns and refunds", body=text)
        order.save()

    async def offline(self, say: Sequence[str]) -> Shown:
        """What the assistant without a model says to alice, one message after the other."""
        shown, messages = Shown(), list[BaseMessage]()

        async def report(kind: str, text: str) -> None:
            shown.withheld.append((kind, text))

        model = create_model("offline", api_key="", base_url="", timeout=5)
        session = await ChatSession.objects.acreate(customer=self.alice, login=uuid4().hex)
        tools = tools_for(self.alice, session.pk)
        for n, text in enumerate(say):
            messages.append(HumanMessage(text, id=str(n)))
            guard = Guard(self.alice.pk, messages, report)
            assistant = Assistant(Line("offline", model), timeout=5)
            async for event in assistant.answer("s", str(n), tools, [*messages], guard):
                if isinstance(event, MessageFinished):
                    messages.append(event.message)
                elif isinstance(event, TextDelta):
                    shown.text += event.text
                elif isinstance(event, ToolFinished):
                    shown.looked_up += event.content
        return shown

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
