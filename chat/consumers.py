"""The customer's socket: /ws/chat/."""

import asyncio
import logging
import math
from functools import partial
from time import monotonic
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import IntegrityError

from chat import frames, runtime
from chat.catchup import catch_up
from chat.connections import FLOOD, GONE, LOGGED_OUT, RESTART, TOO_MANY, Tab
from chat.database import in_thread
from chat.errors import ChatError, HistoryUnavailable, InvalidFrame, RateLimited, SessionGone
from chat.events import encode, refused
from chat.feedback import rate
from chat.handoffs import request_handoff
from chat.logins import login_with
from chat.sessions import open_session
from chat.visitors import Visit

# Seconds in which a socket that sent too much is not read, and how often it is told so.
PAUSE = 0.5
REFUSALS = 10

logger = logging.getLogger(__name__)


class ChatConsumer(AsyncWebsocketConsumer):
    """One tab of a logged-in customer. Its session comes from the login, never from the client."""

    visit: Visit | None = None
    tab: Tab | None = None
    writer: asyncio.Task[None] | None = None
    refusals = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The socket's whole life; however it ends, nothing of it stays behind.

        Unlike Channels' own, with neither a task nor a thread for each frame: those serve a channel
        layer, which the runtime listens to for all tabs, and database connections, which no frame
        holds here.
        """
        self.scope, self.base_send = scope, send
        try:
            while True:
                message = await receive()
                await getattr(self, message["type"].replace(".", "_"))(message)
        except StopConsumer:
            pass
        finally:
            await self._leave()

    async def connect(self) -> None:
        """Lets in who is logged in; anybody else is refused with 403."""
        scope: Any = self.scope  # its stubs know of no cookies
        key = scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        running = runtime.current()
        if running is None or not key:
            await self.close()
            return
        if running.draining:
            # Over an open socket, for a browser shows no code of a handshake that failed.
            await self.accept()
            await self.close(RESTART)
            return
        self.running = running
        try:
            login = await login_with(key)
            if login is None:
                await self.close()
                return
            self.visit = running.visitors.enter(login)
            if self.visit is None:
                # Before anything is opened; accepted, or a browser would not be told the code.
                await self.accept()
                await self.close(TOO_MANY)
                return
            await self._open_tab(running, self.visit)
        except IntegrityError:
            # The customer was deleted a moment ago.
            await self.close()
        except (HistoryUnavailable, DatabaseFailure) as failure:
            logger.warning("A tab could not be opened: %s", type(failure).__name__)
            # Told over an open socket, because a browser does not show why a handshake failed.
            await self.accept()
            error = HistoryUnavailable()
            await self.send(encode(refused(error.code, str(error))).decode())
            await self.close(RESTART)

    async def _open_tab(self, running: runtime.Runtime, visit: Visit) -> None:
        login, mend = visit.login, running.healing.check
        session = await open_session(running.store, login.customer_id, login.key, mend)
        session_id = visit.session_id = session.session_id
        running.know(session_id, login.customer_id)
        read = partial(catch_up, running.store, running.renumber, session_id)
        tab = visit.tab = Tab(self.send, self.close, read)
        # First: another tab that leaves at this moment must find that the session has one here.
        running.connections.add(session_id, tab)
        await running.broadcast.join(session_id)
        # Whatever ends from now on closes this tab. What has ended since we looked did not know it.
        [code] = await running.visitors.check([visit])
        if code == LOGGED_OUT:
            await self.close()
            return
        await self.accept()
        if code is not None:
            tab.close(code)
        self.tab, self.writer = tab, asyncio.create_task(tab.run())
        running.turns.look_after(session_id)

    async def websocket_disconnect(self, message: Any) -> None:
        """The tab is gone; a running turn is not."""
        raise StopConsumer

    async def _leave(self) -> None:
        if self.visit is None:
            return
        self.running.visitors.leave(self.visit)
        if self.writer is not None:
            self.writer.cancel()
        if self.visit.tab is not None:
            self.running.connections.remove(self.visit.session_id, self.visit.tab)
            if not self.running.connections.has(self.visit.session_id):
                self.running.store.forget_window(self.visit.session_id)
            await self.running.broadcast.leave(self.visit.session_id)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One frame of the page. Whatever is wrong with it never closes the socket."""
        if self.visit is None or self.tab is None:
            return
        text = text_data or ""
        if wait := self.visit.pace.take(monotonic()):
            self._refuse(self.tab, RateLimited(math.ceil(wait * 1000)), text)
            await self._hold_back(self.tab)
            return
        try:
            if text_data is None:
                raise InvalidFrame("Frames must be text.")
            await self._handle(self.tab, self.visit, frames.parse(text_data))
        except ChatError as error:
            self._refuse(self.tab, error, text)
        except DatabaseFailure as failure:
            logger.warning("A frame was not taken: %s", type(failure).__name__)
            self._refuse(self.tab, HistoryUnavailable(), text)
        except Exception:
            logger.exception("A frame was not taken")
            self._refuse(self.tab, ChatError(), text)

    async def _hold_back(self, tab: Tab) -> None:
        """Reads nothing more for a moment: the network itself slows down who goes on like this."""
        self.refusals += 1
        if self.refusals < REFUSALS:
            await asyncio.sleep(PAUSE)
        else:
            # No person and no page of ours does that. What it has sent already is not read.
            tab.close(FLOOD)
            self.tab = None

    async def _handle(self, tab: Tab, visit: Visit, frame: frames.Frame) -> None:
        session_id, turns = visit.session_id, self.running.turns
        match frame:
            case frames.RunStart(message_id, text):
                customer_id, seen = visit.login.customer_id, tab.seq
                own = await turns.accept(session_id, customer_id, message_id, text, seen=seen)
                tab.acknowledge_again(own)
            case frames.RunCancel():
                await turns.cancel(session_id)
            case frames.Resume(after):
                tab.resume(after)
            case frames.Feedback(message_id, rating, comment):
                await rate(self.running.store, session_id, message_id, rating, comment)
            case frames.HandoffRequest():
                await in_thread(request_handoff)(session_id, "Asked by the button.")

    def _refuse(self, tab: Tab, error: ChatError, text: str) -> None:
        retry_after = error.retry_after if isinstance(error, RateLimited) else None
        refusal = refused(error.code, str(error), id=frames.sent_id(text), retryAfterMs=retry_after)
        tab.tell(encode(refusal).decode())
        if isinstance(error, SessionGone):
            tab.close(GONE)
