"""Whose tools a conversation has: known from the login, kept, and never another customer's."""

import json

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from chat.orders.models import Order
from chat.runtime import Runtime
from tests.doors.asgi_socket import Server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]


def customer_with_order(name: str, number: str) -> User:
    customer = User.objects.create_user(name)
    Order.objects.create(
        number=number, customer=customer, placed_at=timezone.now(), currency="EUR", total=10
    )
    return customer


async def orders_seen(running: Runtime, session_id: str) -> list[str]:
    """The numbers that ``list_orders`` finds for this conversation."""
    tools = await running.tools_for(session_id)
    assert tools is not None
    [list_orders] = [tool for tool in tools if tool.name == "list_orders"]
    call = {"type": "tool_call", "id": "1", "name": "list_orders", "args": {}}
    answer = await list_orders.ainvoke(call)
    return [order["number"] for order in json.loads(answer.content)["orders"]]


async def test_each_conversation_keeps_the_tools_of_its_own_customer() -> None:
    alice = await sync_to_async(customer_with_order)("alice", "1001")
    bob = await sync_to_async(customer_with_order)("bob", "2001")
    async with Server() as running:
        running.know("a" * 32, alice.pk)
        running.know("b" * 32, bob.pk)
        for _ in range(2):
            assert await orders_seen(running, "a" * 32) == ["1001"]
            assert await orders_seen(running, "b" * 32) == ["2001"]
        assert await running.tools_for("c" * 32) is None, "a session that nobody knows"


async def test_a_customer_who_was_deleted_meanwhile_sees_nothing() -> None:
    alice = await sync_to_async(customer_with_order)("alice", "1001")
    async with Server() as running:
        running.know("a" * 32, alice.pk)
        await Order.objects.all().adelete()
        await alice.adelete()
        with pytest.raises(User.DoesNotExist):
            await orders_seen(running, "a" * 32)
