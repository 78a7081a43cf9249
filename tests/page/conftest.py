"""The owner, the stranger and the staff member, their orders, and their browsers."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from chat.orders.models import Order, Shipment
from tests.page.scripted_socket import ScriptedSocket
from tests.site import Site, running_site


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", "alice@example.com", "long-enough-1")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", "bob@example.com", "long-enough-1")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("staff", password="long-enough-1", is_staff=True)


@pytest.fixture
def browser_of(db: None) -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


def place_order(customer: User | None, number: str, **fields: Any) -> Order:
    """An order of one article, two pieces."""
    order = Order.objects.create(
        **{
            "number": number,
            "customer": customer,
            "placed_at": timezone.now() - timedelta(days=3),
            "currency": "EUR",
            "total": "49.90",
        }
        | fields
    )
    order.lines.create(title="Carbon steel pan", quantity=2, price="24.95")
    return order


def send_parcel(order: Order, *, quantity: int = 2, **fields: Any) -> Shipment:
    """A parcel with some pieces of the order's first line."""
    parcel = order.shipments.create(
        **{"carrier": "DHL", "tracking_number": "00340", "status": Shipment.Status.IN_TRANSIT}
        | fields
    )
    line = order.lines.get()
    parcel.contents.create(order_line=line, quantity=quantity)
    return parcel


# --- the real site and a real browser -----------------------------------------------------------


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo shop; tests may end its process, and start it again when they do."""
    with running_site(tmp_path_factory.mktemp("site"), CHAT_RATE_LIMIT="1000/m") as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for the whole session: its event loop would be in the way of other modules' tests."""
    expect.set_options(timeout=15_000)
    arguments = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*arguments, "--no-first-run"]
        )
        yield browser
        browser.close()


class Customers:
    """Browsers of their own for the demo's customers. A script's error fails the test."""

    _logins: ClassVar[dict[str, Any]] = {}  # by name; of this process's one site

    def __init__(self, site: Site, chromium: Browser) -> None:
        self.site = site
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self.errors: list[str] = []

    def visitor(self, **options: Any) -> Page:
        """A page of somebody who is not logged in; ``options`` are those of a browser context."""
        context = self._chromium.new_context(base_url=self.site.url, **options)
        self._contexts.append(context)
        return self.watch(context.new_page())

    def log_in(self, name: str, **options: Any) -> Page:
        """On the landing page, logged in."""
        page = self.visitor(**options)
        page.goto("/accounts/login/")
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        return page

    def remembered(self, name: str) -> Page:
        """Logged in by a login made before: quicker, but its conversation is not of this test."""
        if name not in self._logins:
            self._logins[name] = self.log_in(name).context.storage_state()
        return self.visitor(storage_state=self._logins[name])

    def chat(self, name: str, **options: Any) -> Page:
        """On the chat page, connected."""
        page = self.log_in(name, **options)
        page.goto("/chat/")
        expect(page.get_by_role("heading", name="What can we do for you?")).to_be_visible()
        return page

    def tab(self, page: Page) -> Page:
        """Another tab of the same login, on the chat page."""
        tab = self.watch(page.context.new_page())
        tab.goto("/chat/")
        return tab

    def watch(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.errors.append(message.text)

    def leave(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def customers(site: Site, chromium: Browser) -> Iterator[Customers]:
    customers = Customers(site, chromium)
    yield customers
    customers.leave()
    assert customers.errors == []


@pytest.fixture
def server(customers: Customers) -> ScriptedSocket:
    """Alice's chat page, with the test at the other end of its socket."""
    page = customers.remembered("alice")
    server = ScriptedSocket(page)
    page.goto("/chat/")
    expect(page.locator("[data-welcome]")).to_be_visible()
    return server
