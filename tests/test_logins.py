"""Passwords are kept by Argon2, and a login begins a session of its own."""

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_new_password_is_kept_by_argon2() -> None:
    user = User.objects.create_user("alice", password="demo")
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert user.check_password("demo")


def test_a_password_of_before_is_taken_and_kept_by_argon2_from_the_login_on() -> None:
    old = make_password("demo", hasher="pbkdf2_sha256")
    user = User.objects.create(username="alice", password=old)
    client = Client()
    client.post("/accounts/login/", {"username": "alice", "password": "demo"})
    assert client.session["_auth_user_id"] == str(user.pk)
    user.refresh_from_db()
    assert identify_hasher(user.password).algorithm == "argon2"


def test_a_login_leaves_the_session_key_behind_that_somebody_may_have_planted() -> None:
    User.objects.create_user("alice", password="demo")
    client = Client()
    planted = client.session  # its key is in the cookie from here on
    planted["theirs"] = True
    planted.save()
    client.post("/accounts/login/", {"username": "alice", "password": "demo"})
    assert client.session["_auth_user_id"]
    assert client.session.session_key != planted.session_key
    assert not client.session.exists(str(planted.session_key))
