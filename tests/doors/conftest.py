"""Customers who are logged in, and the real site for them."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.site import Site, running_site
from tests.socket_client import Browser
from tests.turn.conftest import make_store

__all__ = ["make_store"]

PASSWORD = "rutabaga-19"


def log_in(name: str) -> Client:
    """A browser of a new customer."""
    browser = Client()
    browser.force_login(User.objects.create_user(name))
    return browser


def key_of(browser: Client) -> str:
    """What is in the browser's cookie."""
    return str(browser.session.session_key)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that looks after its tabs every two seconds (twice the lease)."""
    with running_site(tmp_path_factory.mktemp("site"), CHAT_LEASE_SECONDS="1") as site:
        yield site


@pytest.fixture
def sign_up(site: Site) -> Callable[[], tuple[str, Browser]]:
    """Makes a customer whom no other test knows: the name and the browser."""

    def make() -> tuple[str, Browser]:
        name, browser = f"customer-{uuid4().hex[:12]}", Browser(site.url)
        browser.get("/accounts/signup/")
        browser.post("/accounts/signup/", username=name, password1=PASSWORD, password2=PASSWORD)
        return name, browser

    return make
