"""What the server runs: pages, sockets, and what goes on beside them for as long as it lives."""

import gc
import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportbot.settings")
pages = get_asgi_application()

# These need the apps, which the line above has loaded.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402

from chat import runtime  # noqa: E402
from chat.routing import websocket_urlpatterns  # noqa: E402

# New objects after which Python's collector looks for cycles among them; its default of 700 is
# passed many times in a turn, and finds nothing.
NEW_OBJECTS = 10_000


def collect_less() -> None:
    """Keeps Python's collector from looking through all that was imported, again and again.

    It took half of the CPU of a turn (docs/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


async def lifespan(_scope: Any, receive: Any, send: Any) -> None:
    """Starts and ends the runtime with the server; Channels itself knows no life span."""
    while True:
        match (await receive())["type"]:
            case "lifespan.startup":
                await runtime.start()
                collect_less()
                await send({"type": "lifespan.startup.complete"})
            case "lifespan.shutdown":
                await runtime.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(
            # Who it is, the consumer finds out: Channels' own would ask in one thread for all.
            CookieMiddleware(URLRouter(websocket_urlpatterns))
        ),
        "lifespan": lifespan,
    }
)
