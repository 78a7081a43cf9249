"""An owner, a stranger, a member of staff, and ways to make orders and parcels for them."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User

from chat.orders.models import Order, Shipment

MakeOrder = Callable[..., Order]
PLACED_AT = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", "alice@example.com", first_name="Alice")


@pytest.fixture
def mallory(db: None) -> User:
    return User.objects.create_user("mallory", "mallory@example.com")


@pytest.fixture
def supporter(db: None) -> User:
    """Staff that may look at orders, and nothing more."""
    group, _ = Group.objects.get_or_create(name="support staff")
    group.permissions.set(
        Permission.objects.filter(content_type__app_label="orders", codename__startswith="view_")
    )
    user = User.objects.create_user("supporter", is_staff=True)
    user.groups.add(group)
    return user


@pytest.fixture
def make_order(db: None) -> MakeOrder:
    """An order with one line of two kettles and a parcel that holds both."""
    numbers = count(1018)

    def make(customer: User | None = None, parcels: int = 1, **fields: Any) -> Order:
        order = Order.objects.create(
            **{
                "number": str(next(numbers)),
                "customer": customer,
                "placed_at": PLACED_AT,
                "currency": "EUR",
                "total": Decimal("99.80"),
            }
            | fields
        )
        line = order.lines.create(title="Kettle", quantity=2, price=Decimal("49.90"))
        for _ in range(parcels):
            parcel = order.shipments.create(carrier="DHL", tracking_number=f"00340{order.number}")
            parcel.contents.create(order_line=line, quantity=2)
        return order

    return make


@pytest.fixture
def parcel(make_order: MakeOrder) -> Shipment:
    return make_order().shipments.get()
