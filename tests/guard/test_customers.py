"""Whose a number is, the database knows, however the shop writes it and the model says it."""

import pytest
from django.contrib.auth.models import User

from chat.guard.customers import somebody_elses
from chat.guard.seen import Doubt
from tests.assistant.shop import order, parcel

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice")


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("48207", "It is 48207."),
        ("2024/1018", "It is 2024/1018."),
        ("2024/1018", "It is 2024 1018."),
        ("2024/1018", "It is 20241018."),
        ("EN-1018", "It is en 1018."),
        ("EN_1018", "It is EN-1018."),
        ("EN.10.18", "It is EN1018."),
        ("SO 1018-B", "It is SO1018B."),
        ("en1018", "It is EN 1018."),
    ],
)
def test_somebody_elses_order_is_known(alice: User, stored: str, said: str) -> None:
    bobs = order(User.objects.create_user("bob"), stored)
    assert somebody_elses(alice.pk, Doubt.about(said)) == "order number"
    bobs.customer = None
    bobs.save()
    assert somebody_elses(alice.pk, Doubt.about(said)) == "order number"
    bobs.customer = alice
    bobs.save()
    assert somebody_elses(alice.pk, Doubt.about(said)) == ""


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("1Z 999 AA1 01", "It is 1Z999AA101."),
        ("rr-123-de", "It is RR123DE4"),
        ("R1234DE", "r1234de"),
    ],
)
def test_somebody_elses_parcel_is_known(alice: User, stored: str, said: str) -> None:
    bobs = order(User.objects.create_user("bob"), "1")
    parcel(bobs, tracking_number=stored)
    expected = "" if said.endswith("4") else "tracking number"  # another one, which begins alike
    assert somebody_elses(alice.pk, Doubt.about(said)) == expected


def test_two_numbers_that_differ_by_signs_alone_are_both_looked_at(alice: User) -> None:
    order(alice, "20-24")
    order(User.objects.create_user("bob"), "2024")
    assert somebody_elses(alice.pk, Doubt.about("order 2024")) == "order number"
