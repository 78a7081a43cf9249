"""Which account an imported order belongs to, by the customer's e-mail address.

Three rules keep orders from reaching the wrong person:

* Two addresses are the same if they differ at most in the case of the letters A to Z. Unicode has
  more letters that fold into each other (the Kelvin sign into k), and so would two people's
  addresses: those are different here.
* Accounts of staff are never matched: whoever writes an order file must not be able to attach
  something to an account with rights. Staff who buy in the shop get a customer's account of their
  own beside it.
* Where two accounts have the address, neither is taken: which one is right is not ours to guess.

That an account has its address rightly is taken for granted: nothing in the site may let visitors
enter one without confirming it.
"""

import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Lower

from chat.orders.records import Person

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_USERNAME_MAX_CHARS = 150


def same_address(email: str) -> str:
    """The form in which two spellings of one address are equal."""
    return email.strip().translate(_LOWER)


@dataclass(frozen=True, slots=True)
class Matches:
    """Accounts by address; ``ambiguous`` are addresses of several; ``made`` are those made now."""

    accounts: Mapping[str, int]
    ambiguous: frozenset[str]
    made: frozenset[str]


def find_or_make(people: Iterable[Person]) -> Matches:
    """The accounts of these people; who has none gets one with a password that nothing matches.

    Call it within a transaction, or accounts may stay behind that no order belongs to.
    """
    wanted = {same_address(person.email): person for person in people if person.email}
    found: dict[str, list[int]] = {}
    for pk, email in (
        User.objects.filter(is_staff=False, is_superuser=False)
        .annotate(lowered=Lower("email"))
        .filter(Q(lowered__in=wanted) | Q(email__in=wanted))
        .values_list("pk", "email")
    ):
        # The database's idea of lower case may know more letters than ours: compare again.
        found.setdefault(same_address(email), []).append(pk)
    accounts = {address: pks[0] for address, pks in found.items() if len(pks) == 1}
    missing = {address: wanted[address] for address in wanted.keys() - found.keys()}
    for user in User.objects.bulk_create(_new_accounts(missing)):
        accounts[user.email] = user.pk
    ambiguous = frozenset(address for address, pks in found.items() if len(pks) > 1)
    return Matches(accounts, ambiguous, frozenset(missing))


def _new_accounts(missing: Mapping[str, Person]) -> list[User]:
    """Their user names are their addresses, where those are free and short enough."""
    taken = set(User.objects.filter(username__in=missing).values_list("username", flat=True))
    return [
        User(
            username=address
            if address not in taken and len(address) <= _USERNAME_MAX_CHARS
            else f"{address[: _USERNAME_MAX_CHARS - 17]}-{secrets.token_hex(8)}",
            email=address,
            first_name=person.first_name,
            last_name=person.last_name,
            password=make_password(None),
        )
        for address, person in sorted(missing.items())
    ]
