"""What the assistant can do for one customer. To add a tool: a function in a file, an entry here.

Each tool is made for one customer and one session: neither is an argument that a model could fill
in. They run as plain ORM functions in the database's threads: LangChain's own would each open a
connection that nobody closes.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import Error as DatabaseFailure
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel

from chat.database import in_thread
from chat.tools.handoff import RequestHuman, request_human
from chat.tools.help import SearchHelp, search_help
from chat.tools.orders import GetOrder, ListOrders, get_order, list_orders

logger = logging.getLogger(__name__)

CANNOT_LOOK_UP = (
    "This cannot be looked up right now: the shop's database does not answer. Say so, do not guess,"
    " and suggest trying again in a few minutes."
)


def tools_for(customer: AbstractBaseUser, session_id: str) -> list[BaseTool]:
    """The tools of this customer's conversation ``session_id``, each with ``ainvoke`` only."""
    return [
        _tool(partial(list_orders, customer), ListOrders),
        _tool(partial(get_order, customer), GetOrder),
        _tool(search_help, SearchHelp),
        _tool(partial(request_human, session_id), RequestHuman),
    ]


def _tool(function: Callable[..., tuple[str, Any]], arguments: type[BaseModel]) -> BaseTool:
    """``function`` returns what the model reads, and what goes along for people to see."""
    plain = function.func if isinstance(function, partial) else function

    async def run(**values: Any) -> tuple[str, Any]:
        try:
            return await in_thread(function)(**values)
        except DatabaseFailure as error:
            logger.warning("%s: the database failed: %s", plain.__name__, type(error).__name__)
            raise ToolException(CANNOT_LOOK_UP) from error

    return StructuredTool(
        name=plain.__name__,
        description=arguments.__doc__ or "",
        args_schema=arguments,
        coroutine=run,
        response_format="content_and_artifact",
    )
