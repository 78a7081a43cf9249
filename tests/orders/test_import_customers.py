"""Whose account an imported order reaches: the customer's, or nobody's."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest

from chat.orders.importers import shopify
from chat.orders.intake import import_orders
from chat.orders.models import Order
from tests.orders.shopify_data import order, write

Load = Callable[..., list[str]]
pytestmark = pytest.mark.django_db


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Imports orders, each given by its e-mail address; gives back what was reported as bad."""

    def load(*emails: str) -> list[str]:
        lines: list[str] = []
        orders = (order(f"#{n}", email=email) for n, email in enumerate(emails, start=1001))
        with write(tmp_path / "orders.json", orders).open("rb") as file:
            import_orders(shopify.read(file), on_bad=lines.append)
        return lines

    return load


@pytest.mark.parametrize(
    "spelling", ["alice@example.com", "Alice@Example.COM", " ALICE@example.com"]
)
def test_an_order_reaches_the_account_with_its_address_in_any_case(
    spelling: str, load: Load, alice: User, mallory: User
) -> None:
    load(spelling)
    assert Order.objects.for_customer(alice).count() == 1
    assert not Order.objects.for_customer(mallory).exists()
    assert User.objects.count() == 2


def test_an_account_whose_address_is_in_capitals_is_found(load: Load) -> None:
    user = User.objects.create_user("x", "Dora@Example.org")
    User.objects.filter(pk=user.pk).update(email="DORA@EXAMPLE.ORG")
    load("dora@example.org")
    assert Order.objects.for_customer(user).count() == 1


def test_one_customer_with_many_orders_gets_one_account(load: Load) -> None:
    load("eve@example.org", "Eve@example.org", "EVE@EXAMPLE.ORG")
    assert Order.objects.for_customer(User.objects.get()).count() == 3


def test_an_account_that_was_made_lets_nobody_in(load: Load) -> None:
    load("eve@example.org")
    user = User.objects.get(email="eve@example.org")
    assert user.username == "eve@example.org"
    assert not (user.is_staff or user.is_superuser or user.has_usable_password())
    for password in ("", user.password, "!"):
        assert authenticate(HttpRequest(), username=user.username, password=password) is None


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_an_order_never_reaches_an_account_with_rights(right: str, load: Load) -> None:
    boss = User.objects.create_user("boss", "boss@example.com", **{right: True})  # type: ignore[arg-type]
    for _ in range(2):
        load("boss@example.com")
    assert not Order.objects.for_customer(boss).exists()
    customer = User.objects.get(email="boss@example.com", is_staff=False, is_superuser=False)
    assert Order.objects.for_customer(customer).count() == 1


def test_two_accounts_with_the_address_get_nothing_and_it_is_reported(load: Load) -> None:
    User.objects.create_user("one", "eve@example.org")
    User.objects.create_user("two", "EVE@example.org")
    lines = load("eve@example.org", "frank@example.org")
    assert len(lines) == 1
    assert lines[0].startswith("orders[0] (#1001): email: several customers' accounts have")
    assert [str(got.customer) for got in Order.objects.all()] == ["frank@example.org"]


def test_a_user_name_that_looks_like_the_address_is_not_the_customer(load: Load) -> None:
    squatter = User.objects.create_user("eve@example.org", email="mallory@example.com")
    for _ in range(2):
        load("eve@example.org")
    assert not Order.objects.for_customer(squatter).exists()
    eve = User.objects.get(email="eve@example.org")
    assert eve.username.startswith("eve@example.org-")
    assert Order.objects.for_customer(eve).count() == 1


def test_an_account_without_address_is_nobodys(load: Load) -> None:
    nobody = User.objects.create_user("nobody", "")
    load("", "eve@example.org")
    assert not Order.objects.for_customer(nobody).exists()


def test_letters_that_only_unicode_folds_make_another_address(load: Load) -> None:
    kelvin = User.objects.create_user("kelvin")
    User.objects.filter(pk=kelvin.pk).update(email="eve@\u212aelvin.example")
    dotless = User.objects.create_user("dotless")
    User.objects.filter(pk=dotless.pk).update(email="eve@k\u0131lo.example")
    load("eve@kelvin.example", "eve@kilo.example", "eve@KILO.example")
    assert not Order.objects.for_customer(kelvin).exists()
    assert not Order.objects.for_customer(dotless).exists()
    assert User.objects.count() == 4


def test_an_address_too_long_for_a_user_name_is_still_an_address(load: Load) -> None:
    address = f"{'x' * 60}@{'y' * 60}.{'z' * 60}.example"
    for _ in range(2):
        assert load(address) == []
    assert User.objects.get().email == address
    assert len(User.objects.get().username) <= 150
