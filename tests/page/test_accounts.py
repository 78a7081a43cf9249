"""Login, logout and sign-up."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

PASSWORD = "copper-and-oak-7"


def sign_up(client: Client, username: str, **more: str) -> int:
    form = {"username": username, "password1": PASSWORD, "password2": PASSWORD, **more}
    return client.post("/accounts/signup/", form).status_code


def test_who_signs_up_is_logged_in_and_taken_to_the_chat(db: None, client: Client) -> None:
    response = client.post(
        "/accounts/signup/", {"username": "dora", "password1": PASSWORD, "password2": PASSWORD}
    )

    assert response.headers["Location"] == "/chat/"
    assert client.get("/chat/").status_code == 200


def test_an_e_mail_address_sent_along_with_a_sign_up_is_not_kept(db: None, client: Client) -> None:
    sign_up(client, "mallory", email="alice@example.com")

    assert User.objects.get(username="mallory").email == ""


def test_a_user_name_that_is_an_e_mail_address_is_refused(db: None, client: Client) -> None:
    assert sign_up(client, "alice@example.com") == 200
    assert not User.objects.exists()


def test_a_user_name_taken_in_other_letter_case_is_refused(alice: User, client: Client) -> None:
    assert sign_up(client, "ALICE") == 200
    assert User.objects.count() == 1


def test_a_bad_sign_up_says_what_to_do_and_keeps_the_name(db: None, client: Client) -> None:
    response = client.post(
        "/accounts/signup/", {"username": "dora", "password1": "1", "password2": "2"}
    )

    assert response.status_code == 200
    assert 'value="dora"' in response.text
    assert 'role="alert"' in response.text


@pytest.mark.parametrize("page", ["login", "signup"])
def test_nobody_is_sent_to_another_site_after_logging_in(
    page: str, alice: User, client: Client
) -> None:
    form = {"username": "alice", "password": "long-enough-1", "next": "https://evil.example/"}
    if page == "signup":
        form |= {"username": "dora", "password1": PASSWORD, "password2": PASSWORD}

    response = client.post(f"/accounts/{page}/", form)

    assert response.status_code == 302
    assert response.headers["Location"] in ("/", "/chat/")


@pytest.mark.parametrize("page", ["login", "signup"])
def test_where_one_wanted_to_go_survives_the_form(page: str, db: None, client: Client) -> None:
    response = client.get(f"/accounts/{page}/?next=/orders/")

    assert '<input type="hidden" name="next" value="/orders/">' in response.text


def test_logging_out_takes_a_post(alice: User, browser_of: Callable[[User], Client]) -> None:
    browser = browser_of(alice)

    assert browser.get("/accounts/logout/").status_code == 405
    assert browser.get("/chat/").status_code == 200
    assert browser.post("/accounts/logout/").status_code == 302
    assert browser.get("/chat/").headers["Location"] == "/accounts/login/?next=/chat/"


def test_demo_logins_are_offered_only_with_debug_on(
    alice: User, client: Client, settings: Settings
) -> None:
    offer = 'name="username" value="alice"'

    settings.DEBUG = True
    assert offer in client.get("/").text
    assert offer in client.get("/accounts/login/").text

    settings.DEBUG = False
    assert offer not in client.get("/").text
    assert offer not in client.get("/accounts/login/").text


def test_demo_logins_that_do_not_exist_are_not_offered(
    db: None, client: Client, settings: Settings
) -> None:
    settings.DEBUG = True

    assert "demo customers" not in client.get("/").text
