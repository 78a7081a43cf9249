"""Passwords cannot be guessed at the login: not one customer's, not all customers'."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F
from django.test import AsyncClient, Client

from supportbot.attempts import WIDE_LIMIT

LIMIT: int = settings.AXES_FAILURE_LIMIT
LOGIN = "/accounts/login/"
HOME, ELSEWHERE, PROXY = "93.184.216.34", "93.184.216.99", "10.0.0.1"


@pytest.fixture(autouse=True)
def customers(db: None, settings: Any) -> None:
    # A hundred guesses against Argon2 take a minute; what is promised here is not its.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for name in ("alice", "bob"):
        User.objects.create_user(name, password="demo", is_staff=True)


def status(name: str, password: str, address: str = HOME, page: str = LOGIN) -> int:
    """What a new browser gets that tries to log in: 302 it is in, 200 wrong, 429 wait."""
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(page, form).status_code


def fail(name: str, times: int, address: str = HOME) -> None:
    for _ in range(times):
        status(name, "wrong", address)


def pass_by(time: timedelta) -> None:
    """As if so much time had passed since the failures."""
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - time)


@pytest.mark.parametrize("page", [LOGIN, "/admin/login/"])
def test_after_ten_wrong_passwords_the_right_one_opens_nothing(page: str) -> None:
    tries = [status("alice", f"guess {n}", page=page) for n in range(LIMIT)]
    assert tries == [200] * (LIMIT - 1) + [429]
    assert status("alice", "demo", page=page) == 429


def test_whoever_is_held_back_reads_how_long_to_wait() -> None:
    fail("alice", LIMIT)
    held = Client(REMOTE_ADDR=HOME).post(LOGIN, {"username": "alice", "password": "demo"})
    assert held["Retry-After"] == "900"
    assert "the next try is possible in 15 minutes" in held.text


@pytest.mark.django_db(transaction=True)
async def test_the_page_is_the_same_where_the_server_is_asynchronous() -> None:
    client = AsyncClient(REMOTE_ADDR=HOME)
    for _ in range(LIMIT):
        held = await client.post(LOGIN, {"username": "alice", "password": "wrong"})
    assert held.status_code == 429
    assert "the next try is possible in 15 minutes" in held.content.decode()


def test_a_name_that_nobody_has_is_held_back_like_one_that_is_a_customers() -> None:
    fail("nobody", LIMIT)
    assert status("nobody", "wrong") == 429


def test_other_customers_and_the_same_one_elsewhere_are_not_held_back() -> None:
    fail("alice", LIMIT)
    assert status("bob", "demo") == 302
    assert status("alice", "demo", ELSEWHERE) == 302


def test_the_right_password_in_time_lets_one_begin_anew() -> None:
    fail("alice", LIMIT - 1)
    assert status("alice", "demo") == 302
    fail("alice", LIMIT - 1)
    assert status("alice", "demo") == 302


def test_a_quarter_of_an_hour_later_it_opens_again() -> None:
    fail("alice", LIMIT)
    pass_by(timedelta(minutes=14))
    assert status("alice", "demo") == 429
    pass_by(timedelta(minutes=1))
    assert status("alice", "demo") == 302


def test_impatience_does_not_make_the_wait_longer() -> None:
    fail("alice", LIMIT)
    pass_by(timedelta(minutes=14))
    fail("alice", 3)
    pass_by(timedelta(minutes=1))
    assert status("alice", "demo") == 302


def test_many_machines_that_guess_one_password_together_are_held_back() -> None:
    for machine in range(WIDE_LIMIT):
        fail("alice", 1, f"93.184.218.{machine}")
    assert status("alice", "demo", ELSEWHERE) == 429
    assert status("bob", "demo", ELSEWHERE) == 302


def test_one_password_tried_on_all_customers_is_held_back() -> None:
    for customer in range(WIDE_LIMIT):
        fail(f"customer{customer}", 1)
    assert status("alice", "demo") == 429
    assert status("alice", "demo", ELSEWHERE) == 302


def test_an_own_account_in_between_does_not_make_room_for_more_of_them() -> None:
    for customer in range(WIDE_LIMIT - 1):
        fail(f"customer{customer}", 1)
    assert status("bob", "demo") == 302
    fail("customer", 1)
    assert status("alice", "demo") == 429


def test_a_proxy_that_does_not_say_for_whom_it_asks_locks_nobody_out() -> None:
    for customer in range(WIDE_LIMIT):
        fail(f"customer{customer}", 1, PROXY)
    assert status("alice", "demo", PROXY) == 302


def test_a_server_on_a_unix_socket_knows_no_address_and_counts_all_the_same() -> None:
    fail("alice", LIMIT, "")
    assert status("alice", "demo", "") == 429
    assert status("bob", "demo", "") == 302


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    for host in range(LIMIT):
        fail("alice", 1, f"2606:2800:220:1::{host + 1:x}")
    assert status("alice", "demo", "2606:2800:220:1:ffff::1") == 429
    assert status("alice", "demo", "2606:2800:220:2::1") == 302


def test_what_was_typed_is_not_logged_and_the_form_not_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Some type their password where the name belongs.
    fail("My secret 1!", LIMIT)
    assert caplog.records
    assert "secret" not in caplog.text
    kept = AccessAttempt.objects.values_list("get_data", "post_data").get()
    assert "secret" not in str(kept)
    assert "wrong" not in str(kept)
