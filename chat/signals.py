"""Ends chat sessions with their logins, and forgets those of deleted customers.

``chat.endings`` takes the whole assistant along: a second that a management command waits for
nothing, so it is imported by those who end something.
"""

from collections.abc import Collection
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.db.models.signals import pre_delete, pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from chat.models import ChatSession


@receiver(user_logged_out)
def end_session_with_its_login(request: HttpRequest | None, **_: Any) -> None:
    """Logging out ends the login's conversation and closes its tabs."""
    if request is not None and (key := request.session.session_key):
        # Django would flush it after this signal: a tab closed before that finds the login still
        # there when it comes back at once, and stays.
        request.session.flush()
        _end_login(key)


@receiver(user_logged_in)
def end_session_of_login_before(request: HttpRequest | None, **_: Any) -> None:
    """Somebody logs in over another's login: tabs of the one before must not stay open."""
    if request is None:
        return
    before = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if before and before != request.session.session_key:
        _end_login(before)


@receiver(pre_save, sender=settings.AUTH_USER_MODEL)
def end_sessions_of_logins_that_end(
    sender: type[AbstractUser],
    instance: AbstractUser,
    update_fields: Collection[str] | None,
    **_: Any,
) -> None:
    """A new password or a blocked account ends logins without a logout; their tabs must go too.

    https://docs.djangoproject.com/en/stable/topics/auth/default/#session-invalidation-on-password-change
    """
    if update_fields is not None and not {"password", "is_active"} & set(update_fields):
        return
    before = sender.objects.filter(pk=instance.pk).values("password", "is_active").first()
    if before is None:
        return
    if before["password"] != instance.password or (before["is_active"] and not instance.is_active):
        from chat.endings import end_logins_of

        # Not before: a tab that comes back at once must not find the login still good.
        transaction.on_commit(partial(end_logins_of, instance.pk))


@receiver(pre_delete, sender=settings.AUTH_USER_MODEL)
def forget_sessions_of_deleted_customers(instance: AbstractUser, **_: Any) -> None:
    """The rows go with the customer, whoever deletes it; what was said must leave Redis too."""
    from chat.endings import forget

    theirs = ChatSession.objects.filter(customer_id=instance.pk).values_list(
        "session_id", flat=True
    )
    transaction.on_commit(partial(forget, list(theirs)))


def _end_login(session_key: str) -> None:
    from chat.endings import end_login

    end_login(session_key)
