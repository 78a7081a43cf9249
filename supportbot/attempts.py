"""Passwords cannot be guessed: who fails too often must wait.

django-axes counts what failed, in the database, so that all processes see it. Its own limit
(settings) is for one account from one address; the wider ones stand here.
"""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# Failures for one account from anywhere, and from one address for any account: guesses by many
# machines, and one password tried on all customers. NIST SP 800-63B (5.2.2) allows an account no
# more than 100. A mobile carrier has thousands of phones behind one address, of which few fail.
WIDE_LIMIT = 100


class LoginAttempts(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """axes' count of failures, which sees an account and an address as a whole, too."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """What counts against this try; ``AXES_FAILURE_LIMIT`` holds it back.

        Of the failures from one address for one account each counts one, of the others as much less
        as their limit is wider.
        """
        recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))
        wide = [recent.filter(username=get_client_username(request, credentials))]
        if request.axes_ip_address and ip_address(request.axes_ip_address).is_global:
            # Any other is a proxy that does not say for whom it asks: all the shop's customers.
            wide.append(recent.filter(ip_address=request.axes_ip_address))
        most = max(attempts.aggregate(n=Sum("failures_since_start"))["n"] or 0 for attempts in wide)
        near: int = super().get_failures(request, credentials)
        return max(near, most * settings.AXES_FAILURE_LIMIT // WIDE_LIMIT)


def address(request: HttpRequest) -> str | None:
    """Who asks: the address, or, of one that uses IPv6, the network that is theirs alone.

    A household is given 2⁶⁴ of them at the least (RFC 6177).
    """
    said = request.META.get("REMOTE_ADDR")
    if not said:
        return None  # a server on a Unix socket, with a proxy that does not say
    where = ip_address(said)
    if isinstance(where, IPv6Address):
        return str(ip_network((where, 64), strict=False).network_address)
    return str(where)


def held_back(request: HttpRequest, *_: Any) -> HttpResponse:
    """What is shown to who failed too often, whatever they typed."""
    wait: timedelta = settings.AXES_COOLOFF_TIME
    context = {"minutes": wait // timedelta(minutes=1)}
    page = render(request, "registration/held_back.html", context, status=429)
    page["Retry-After"] = str(wait // timedelta(seconds=1))
    return page
