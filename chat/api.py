"""The HTTP API under /api/v1/."""

from asgiref.sync import async_to_sync
from django.urls import path
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import runtime
from chat.endings import begin_anew
from chat.errors import HistoryUnavailable
from chat.sessions import open_session
from chat.snapshots import state_snapshot


class ResetView(APIView):
    """A new conversation: the one so far is closed, and its tabs connect to the new one."""

    def post(self, request: Request) -> Response:
        session_key = request.session.session_key or ""
        begin_anew(session_key)
        try:
            return Response(async_to_sync(self._state)(request.user.pk or 0, session_key))
        except HistoryUnavailable as error:
            return Response(
                {"title": str(error), "code": error.code, "status": 503},
                status=status.HTTP_503_SERVICE_UNAVAILABLE,
                content_type="application/problem+json",
            )

    async def _state(self, customer_id: int, session_key: str) -> dict[str, object]:
        async with runtime.store() as store:
            session = await open_session(store, customer_id, session_key)
            snapshot = await store.snapshot(session.session_id, 1)
        state: dict[str, object] = state_snapshot(
            session.session_id, snapshot.mode, snapshot.expires_in, snapshot.seq
        )["snapshot"]
        return state


urlpatterns = [
    path("session/reset/", ResetView.as_view(), name="session-reset"),
]
