"""The shop's pages: landing page, sign-up, orders, and the chat as a page."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.views import LoginView
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from chat import wording
from chat.orders.models import Order, normalize_number

ORDERS_A_PAGE = 10

# Made by `manage.py seed_demo`, which refuses to run with DEBUG off.
DEMO_LOGINS = ("alice", "bob", "carol", "staff")
DEMO_PASSWORD = "demo"  # noqa: S105 - public on purpose: it opens nothing but the demo shop


def landing(request: HttpRequest) -> HttpResponse:
    """The shop's front page; whoever is logged in can chat from here."""
    context: dict[str, Any] = demo_logins()
    if request.user.is_authenticated:
        context["chat_settings"] = chat_settings(request)
    return render(request, "shop/landing.html", context)


@never_cache
@login_required
def chat(request: HttpRequest) -> HttpResponse:
    """The chat as a page. ``?order=1018`` puts a question about that order into the composer."""
    return render(request, "chat/page.html", {"chat_settings": chat_settings(request)})


def chat_settings(request: HttpRequest) -> dict[str, Any]:
    """What the chat's scripts need to know about this customer and this shop."""
    return {
        "customer": str(request.user.pk),
        "question": question_about(request),
        "maxChars": settings.CHAT_MESSAGE_MAX_CHARS,
        "timeZone": settings.TIME_ZONE,
        "words": wording.for_page(),
        "loginUrl": settings.LOGIN_URL,
        "chatUrl": reverse("chat"),
        "resetUrl": reverse("session-reset"),
    }


def question_about(request: HttpRequest) -> str:
    """A question about the order named in the address, if it is the customer's own.

    It is only written into the composer, never sent: a link must not speak for the customer.
    """
    number = normalize_number(request.GET.get("order", ""))
    order = Order.objects.for_customer(request.user).filter(number=number).first()
    return f"Where is my order {order}?" if order else ""


@never_cache  # or the back button shows them after the logout
@login_required
def orders(request: HttpRequest) -> HttpResponse:
    """The customer's own orders and parcels, newest first."""
    mine = Order.objects.for_customer(request.user).with_details()
    page = Paginator(mine, ORDERS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "shop/orders.html", {"orders": page})


def demo_logins() -> dict[str, Any]:
    """The demo shop's logins that exist, for the templates; nothing in production."""
    if not settings.DEBUG:
        return {}
    users = get_user_model().objects.filter(username__in=DEMO_LOGINS, is_active=True)
    names = users.order_by("username").values_list("username", flat=True)
    return {"demo_logins": list(names), "demo_password": DEMO_PASSWORD}


class ShopLoginView(LoginView):
    """Django's login, which shows the demo logins where there are any."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | demo_logins()


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]  # takes none at run time
    """A user name and a password, no e-mail address.

    Orders reach customers by their e-mail address (`import_orders`), and nobody here verifies one:
    a stranger who signed up with a customer's address would be given that customer's orders.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = "Letters, digits and . + - _, at most 150."

    def clean_username(self) -> str:
        if "@" in self.cleaned_data["username"]:
            raise forms.ValidationError(
                "Choose a user name without @. An e-mail address is not needed here."
            )
        return super().clean_username()


@sensitive_post_parameters()
@never_cache
def signup(request: HttpRequest) -> HttpResponse:
    """A new customer, logged in at once and taken to where they wanted to go."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    # A link that leads through our sign-up must not end on somebody else's site.
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    target = wanted if safe else reverse("chat")
    form = SignUpForm(request.POST or None)
    if request.user.is_authenticated:
        return redirect(target)
    if request.method == "POST" and form.is_valid():
        login(request, form.save(), backend=settings.AUTHENTICATION_BACKENDS[-1])
        return redirect(target)
    return render(request, "registration/signup.html", {"form": form, "next": target})
