"""Conversations with the offline assistant without a turn around it: its tools called directly.

That is fast, and what goes wrong shows. The same through the agent is in ``test_offline``.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from chat.llm.offline.model import OfflineModel
from chat.tools.help import search_help
from chat.tools.orders import get_order, list_orders

MOST_STEPS = 6


@dataclass
class Reply:
    """What was said last, and which tools were called for it."""

    text: str = ""
    tools: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def called(self) -> set[str]:
        return {name for name, _ in self.tools}

    @property
    def looked_up(self) -> list[str]:
        """Numbers that get_order was asked for."""
        return [str(given["order_number"]) for name, given in self.tools if name == "get_order"]

    @property
    def reasons(self) -> list[str]:
        """What a person was asked for."""
        return [str(given["reason"]) for name, given in self.tools if name == "request_human"]


class Clerk:
    """One customer's conversation."""

    def __init__(self, customer: User) -> None:
        self.history: list[BaseMessage] = []
        self.requested = 0
        self.tools: dict[str, Callable[..., tuple[str, Any]]] = {
            "list_orders": partial(list_orders, customer),
            "get_order": partial(get_order, customer),
            "search_help": search_help,
            "request_human": self._request_human,
        }
        self.model = OfflineModel(tool_names=frozenset(self.tools))

    def ask(self, *said: str) -> Reply:
        """Say these things one after the other; the answer to the last."""
        reply = Reply()
        for text in said:
            reply = self._answer(text)
        return reply

    def _answer(self, text: str) -> Reply:
        reply = Reply()
        self.history.append(HumanMessage(text))
        for _ in range(MOST_STEPS):
            message = self.model.invoke(self.history)
            self.history.append(message)
            if not message.tool_calls:
                reply.text = str(message.text)
                return reply
            for call in message.tool_calls:
                reply.tools.append((call["name"], call["args"]))
                content, _artifact = self.tools[call["name"]](**call["args"])
                self.history.append(
                    ToolMessage(content, tool_call_id=call["id"], name=call["name"])
                )
        raise AssertionError(f"no answer within {MOST_STEPS} steps to {text!r}: {reply.tools}")

    def _request_human(self, reason: str) -> tuple[str, None]:
        self.requested += 1
        return json.dumps(
            {
                "today": timezone.localdate().isoformat(),
                "requested": True,
                "already_requested_before": self.requested > 1,
            }
        ), None
