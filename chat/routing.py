"""The addresses of the sockets."""

from typing import Any

from django.urls import path

from chat.consumers import ChatConsumer

# Channels routes with Django's own path(), whose types know of HTTP views only.
websocket_urlpatterns: list[Any] = [
    path("ws/chat/", ChatConsumer.as_asgi()),  # type: ignore[arg-type]
]
