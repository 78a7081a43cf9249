"""Login sessions: whose they are, and whether they still hold.

They are in the database (``SESSION_ENGINE`` is one of Django's that keep them there), which is
asked for many at once.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from chat.database import in_thread


@dataclass(frozen=True, slots=True)
class Login:
    """A login session: its key, whose it is, and a hash that a new password makes void."""

    key: str
    customer_id: int
    auth_hash: str


@in_thread
def login_with(key: str) -> Login | None:
    """The login session that a browser's cookie names; None when it lets nobody in.

    The rules are those of ``django.contrib.auth.get_user``.

    Raises:
        django.db.Error: the database does not answer.
    """
    session: dict[str, Any] = _sessions()(key).load()
    backend, auth_hash = session.get(BACKEND_SESSION_KEY, ""), session.get(HASH_SESSION_KEY)
    if backend not in settings.AUTHENTICATION_BACKENDS or not auth_hash:
        return None
    user = load_backend(backend).get_user(get_user_model()._meta.pk.to_python(session[SESSION_KEY]))
    if user is None or not constant_time_compare(auth_hash, user.get_session_auth_hash()):
        return None
    return Login(key, user.pk, auth_hash)


def holding(logins: Collection[Login]) -> set[Login]:
    """Those that still let in: not logged out, not run out, same password, account not blocked."""
    keys = {login.key for login in logins}
    alive = (
        _sessions()
        .get_model_class()
        .objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    )
    keys = set(alive.values_list("session_key", flat=True))
    customers = {login.customer_id for login in logins if login.key in keys}
    hashes = {
        user.pk: user.get_session_auth_hash()
        for user in get_user_model()._default_manager.filter(pk__in=customers, is_active=True)
    }
    return {
        login
        for login in logins
        if login.key in keys
        and constant_time_compare(login.auth_hash, hashes.get(login.customer_id, ""))
    }


def _sessions() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore
