"""Customers who are logged in: prints the login sessions' keys, one a line.

    python -m tests.benchmarks.customers COUNT

The rows are those that logging in leaves behind. Ten thousand times the log-in page would spend an
hour on hashing passwords, which is what it should do, and nothing that is measured here.
"""

import os
import sys
from datetime import timedelta

import django
from django.utils import timezone
from django.utils.crypto import get_random_string

KEY_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def main(count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportbot.settings")
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    users = User.objects.bulk_create(
        [User(username=f"customer{n}", password=make_password(None)) for n in range(count)],
        batch_size=1_000,
    )
    store = SessionStore()
    logins = [
        Session(
            session_key=get_random_string(32, KEY_CHARACTERS),
            session_data=store.encode(
                {
                    SESSION_KEY: str(user.pk),
                    BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
                    HASH_SESSION_KEY: user.get_session_auth_hash(),
                }
            ),
            expire_date=timezone.now() + timedelta(days=1),
        )
        for user in users
    ]
    Session.objects.bulk_create(logins, batch_size=1_000)
    for login in logins:
        print(login.session_key)


if __name__ == "__main__":
    main(int(sys.argv[1]))
