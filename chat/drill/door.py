"""The way into the installation: its address, and how a customer's browser speaks to it."""

from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.http.request import validate_host
from websockets.asyncio.client import connect

from chat.drill.errors import DrillError

# Seconds until a connection or an answer that does not come is given up, and tried again.
PATIENCE = 60


@dataclass(frozen=True)
class Door:
    """``url`` is the site's, without a slash at its end."""

    url: str

    @cached_property
    def _headers(self) -> dict[str, str]:
        """What a reverse proxy would add, where the site is asked behind its back."""
        host = urlsplit(self.url).hostname or ""
        if validate_host(host, settings.ALLOWED_HOSTS):
            return {}
        # A pattern such as .shop.example stands for shop.example too.
        public = settings.ALLOWED_HOSTS[0].removeprefix(".") if settings.ALLOWED_HOSTS else host
        return {"Host": public, "X-Forwarded-Proto": "https"}

    @property
    def _origin(self) -> str:
        return f"https://{self._headers['Host']}" if self._headers else self.url

    def _cookie(self, login: str) -> str:
        return f"{settings.SESSION_COOKIE_NAME}={login}"

    def socket(self, login: str) -> Any:
        """A connection to the chat, for ``async with``. ``login`` is the login session's key."""
        return connect(
            "ws" + self.url.removeprefix("http") + "/ws/chat/",
            additional_headers={"Cookie": self._cookie(login)},
            origin=self._origin,  # type: ignore[arg-type] # a NewType of str
            open_timeout=PATIENCE,
            close_timeout=5,
            # Frames are counted, not timed out: a site under load answers late, and may.
            ping_interval=None,
            compression=None,
            max_size=None,
            # To this site and through nothing else, whatever the environment says.
            proxy=None,
        )

    def pages(self) -> httpx.AsyncClient:
        """A client for :meth:`orders_page`, for ``async with``."""
        return httpx.AsyncClient(
            base_url=self.url,
            headers=self._headers,
            timeout=PATIENCE,
            trust_env=False,
            # Shared by all customers: it must keep nobody's cookies.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def orders_page(self, pages: httpx.AsyncClient, login: str) -> str:
        """The customer's own orders, as the site shows them.

        Raises:
            httpx.TransportError: no answer.
            DrillError: another answer than a page.
        """
        response = await pages.get("/orders/", headers={"Cookie": self._cookie(login)})
        if response.status_code >= 500:
            raise httpx.TransportError(f"status {response.status_code}")
        if response.status_code != 200:
            raise DrillError(
                f"{self.url}/orders/ answers with status {response.status_code} to a customer of"
                " the drill. Is this the installation whose settings are used here?"
            )
        return response.text

    async def knock(self) -> None:
        """Asks whether the site answers, with its database and its Redis.

        Raises:
            DrillError: it does not; the text says what does not.
        """
        try:
            async with self.pages() as pages:
                response = await pages.get("/readyz", timeout=10)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DrillError(
                f"Nothing answers at {self.url} ({type(error).__name__}). Start the site, or name"
                " its address: --url http://127.0.0.1:8000"
            ) from error
        if response.status_code != 200:
            raise DrillError(f"The site at {self.url} is not ready: {response.text.strip()}")
