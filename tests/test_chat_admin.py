"""Transcripts in the admin: found, read, and not changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from pytest_django import DjangoAssertNumQueries

from chat.admin import MESSAGES_A_PAGE
from chat.help.models import HelpArticle
from chat.marks import failed_reply
from chat.models import ChatSession, HandoffRequest
from chat.transcripts import Copy, write

pytestmark = pytest.mark.django_db

LIST = "/admin/chat/chatsession/"


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", "alice@example.com", first_name="Alice")


@pytest.fixture
def staff(client: Client) -> Client:
    """A member of the group that the migration makes."""
    user = User.objects.create_user("staff", is_staff=True)
    user.groups.add(Group.objects.get(name="support staff"))
    client.force_login(user)
    return client


def talk(customer: User, session_id: str, *messages: BaseMessage) -> ChatSession:
    session = ChatSession.objects.create(session_id=session_id, customer=customer, login=session_id)
    if messages:
        write([Copy(session_id, 0, messages)])
    return session


def page(session_id: str) -> str:
    return f"{LIST}{session_id}/change/"


def found(staff: Client, query: str) -> set[str]:
    result = staff.get(LIST + query).context["cl"].result_list
    return {session.session_id for session in result}


def test_staff_find_a_session_by_what_was_said_by_customer_and_by_id(
    staff: Client, alice: User
) -> None:
    bob = User.objects.create_user("bob")
    talk(alice, "a" * 32, HumanMessage("my rutabaga is late"), AIMessage("I am sorry."))
    talk(bob, "b" * 32, HumanMessage("hello"))
    for query in ("rutabaga", "RUTABAGA late", "late sorry", "alice", "alice@example", "a" * 32):
        assert found(staff, f"?q={query}") == {"a" * 32}, query
    assert found(staff, "?q=rutabaga+hello") == set()


def test_staff_filter_by_state_and_date(staff: Client, alice: User) -> None:
    for number, because in enumerate(["", *ChatSession.ClosedBecause.values]):
        session = talk(alice, f"{number:032}")
        if because:
            session.closed_at, session.closed_because = timezone.now(), because
            session.save()
    old = talk(alice, "f" * 32)
    ChatSession.objects.filter(pk=old.pk).update(
        last_activity_at=timezone.now() - timedelta(days=400)
    )
    assert found(staff, "?state=open") == {f"{0:032}", old.pk}
    assert found(staff, "?state=logout") == {f"{1:032}"}
    year = (timezone.now() - timedelta(days=400)).year
    assert found(staff, f"?last_activity_at__year={year}") == {old.pk}


def test_a_transcript_reads_as_a_conversation_with_tool_calls_folded_in(
    staff: Client, alice: User
) -> None:
    call: Any = {
        "name": "get_order",
        "args": {"order_number": "1018"},
        "id": "c",
        "type": "tool_call",
    }
    talk(
        alice,
        "s",
        HumanMessage("where?\nnow"),
        AIMessage("Let me look.", tool_calls=[call]),
        ToolMessage('{"status": "on its way"}', tool_call_id="c", name="get_order"),
        AIMessage("So far", additional_kwargs={"cut": True}),
        failed_reply("model_unavailable", "m"),
    )
    text = staff.get(page("s")).content.decode()
    for shown in (
        "where?<br>now",
        "Let me look.",
        "<summary>Looks up: get_order</summary>",
        "&quot;status&quot;: &quot;on its way&quot;",
        "Stopped before its end.",
        "No answer could be given (model_unavailable).",
    ):
        assert shown in text
    assert text.count("<details") == 2


def test_what_a_customer_typed_is_never_markup_in_the_admin(staff: Client, alice: User) -> None:
    alice.first_name = "<b>Alice"
    alice.save()
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    talk(alice, "s", HumanMessage(evil), ToolMessage(evil, tool_call_id="c", name=evil))
    for address in (page("s"), LIST + "?q=script"):
        text = staff.get(address).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>Alice" not in text


def test_a_long_transcript_shows_its_end_and_the_way_to_the_rest(
    staff: Client, alice: User
) -> None:
    talk(alice, "s", *[HumanMessage(f"message {number};") for number in range(MESSAGES_A_PAGE + 5)])
    end = staff.get(page("s")).content.decode()
    assert "message 5;" in end
    assert "message 4;" not in end
    assert 'href="?before=5"' in end
    start = staff.get(page("s") + "?before=5").content.decode()
    assert "message 4;" in start
    assert "message 5;" not in start
    assert staff.get(page("s") + "?before=nonsense").status_code == 200


def test_nobody_can_change_or_delete_a_transcript(admin_client: Client, alice: User) -> None:
    talk(alice, "s", HumanMessage("x"))
    assert admin_client.get(page("s")).status_code == 200
    assert b'name="_save"' not in admin_client.get(page("s")).content
    assert admin_client.post(page("s"), {"customer": "1"}).status_code == 403
    assert admin_client.post(f"{LIST}s/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(LIST + "add/").status_code == 403
    admin_client.post(LIST, {"action": "delete_selected", "_selected_action": "s", "post": "yes"})
    assert ChatSession.objects.filter(pk="s").exists()


def test_support_staff_read_transcripts_and_orders_and_nothing_more(
    staff: Client, alice: User
) -> None:
    talk(alice, "s", HumanMessage("x"))
    index = staff.get("/admin/")
    models = {
        model["object_name"]: {name for name, may in model["perms"].items() if may}
        for app in index.context["app_list"]
        for model in app["models"]
    }
    assert {"ChatSession", "Order"} <= set(models)
    assert all(permissions == {"view"} for permissions in models.values())
    assert "User" not in models
    assert staff.get("/admin/auth/user/").status_code == 403


def test_customers_and_staff_outside_of_the_group_read_nothing(client: Client, alice: User) -> None:
    talk(alice, "s", HumanMessage("x"))
    client.force_login(alice)
    assert client.get(page("s")).status_code == 302
    client.force_login(User.objects.create_user("temp", is_staff=True))
    assert client.get(page("s")).status_code == 403
    assert client.get(LIST).status_code == 403


def test_a_page_of_many_sessions_costs_as_many_queries_as_one_of_few(
    staff: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        customer = User.objects.create_user(f"customer{number}")
        talk(customer, f"{number:032}", HumanMessage("x"))
    with django_assert_max_num_queries(12):
        staff.get(LIST)
    talk(alice, "s", *[HumanMessage("x")] * 100)
    with django_assert_max_num_queries(12):
        staff.get(page("s"))


def test_staff_find_those_who_asked_for_a_person(staff: Client, alice: User) -> None:
    waiting = talk(alice, "a" * 32, HumanMessage("a person, please"))
    talk(alice, "b" * 32, HumanMessage("hello"))
    HandoffRequest.objects.create(session=waiting, reason="a person, please")
    HandoffRequest.objects.create(session=waiting, reason="still there?")

    assert found(staff, "?person=yes") == {"a" * 32}
    assert found(staff, "?person=no") == {"b" * 32}
    assert found(staff, "") == {"a" * 32, "b" * 32}


def test_whoever_may_writes_help_articles_and_support_staff_may_not(
    admin_client: Client, alice: User
) -> None:
    page = "/admin/help/helparticle/add/"
    written = {"title": "Returns", "slug": "returns", "body": "Within 30 days.", "language": "en"}
    admin_client.post(page, written | {"published": "on"})
    assert HelpArticle.objects.get().slug == "returns"
    assert "Returns" in admin_client.get("/admin/help/helparticle/?q=30").content.decode()
    staff = User.objects.create_user("staff", is_staff=True)
    staff.groups.add(Group.objects.get(name="support staff"))
    other = Client()
    other.force_login(staff)
    assert other.get(page).status_code == 403
