"""One address that speaks OpenAI's chat completions protocol: asked, and read as it streams.

In place of OpenAI's own client, which spends four times as much on a reply
(docs/decisions/0023-the-reply-is-read-by-us.md).
"""

import asyncio
import json
import random
import re
import ssl
import time
import urllib.request
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import orjson

from chat.llm.chunks import Chunks, Json
from chat.llm.event_stream import EventStream

# Only before the first word of an answer: of one that broke later, the customer has seen words.
RETRIES = 2
# Seconds before the first of them; twice as long before each one after.
PAUSE = 0.25
# Seconds that a provider may ask us to wait. Who asks for more cannot answer this customer.
LONGEST_WAIT = 5.0
# As OpenAI's own client has it: https://github.com/openai/openai-python#retries
PASSING = (408, 409, 429)
DONE = b"[DONE]"
# Seconds for what follows the end of the reply: its usage, and that nothing more comes.
AFTERWARDS = 1.0
# Seconds for the end of the connection's stream after that.
LAST_BYTES = 0.05
# Connections at once, and seconds that one is kept for the next reply.
CONNECTIONS, KEPT = 1_000, 30.0
# Of an error's body. It is read for its code only.
ERROR_BYTES = 65_536
CODE = re.compile(r"[a-z0-9_.-]{1,60}")


class ProviderFailed(Exception):
    """The server refused, or broke off. The text names no address, no key and no words.

    ``status_code`` is that of HTTP, ``protocol_code`` the protocol's word for it, such as
    ``context_length_exceeded``; ``wait`` the seconds to the next request that the server asks for.
    """

    def __init__(
        self,
        what: str,
        *,
        status_code: int | None = None,
        code: str = "",
        wait: float | None = None,
    ) -> None:
        super().__init__(what)
        self.status_code = status_code
        self.protocol_code = code
        self.wait = wait

    @property
    def passing(self) -> bool:
        """Whether the same request may be answered a moment later."""
        status = self.status_code
        return status is None or status in PASSING or status >= 500


class Completions:
    """The chat completions under ``base_url``, for one event loop.

    Args:
        base_url: without ``/chat/completions``.
        headers: of each request, with the key.
        connects_within: seconds for a connection. How long the server may be silent then is the
            caller's to say (``asyncio.timeout``): said twice, it costs a timer for every chunk.
        pause: seconds before the first retry.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        connects_within: float,
        pause: float = PAUSE,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        # Compressed, chunks would wait for one another.
        self._headers = {
            "accept-encoding": "identity",
            "content-type": "application/json",
            **headers,
        }
        self._timeout = aiohttp.ClientTimeout(sock_connect=connects_within)
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def stream(self, payload: Json) -> AsyncGenerator[Json]:
        """The reply's chunks, and at the end one with its usage and no choices, where it is told.

        Raises:
            ProviderFailed, aiohttp.ClientError, TimeoutError: the server, or the way to it, failed.
            TypeError, ValueError, AttributeError: what came is not what the protocol says.
        """
        body = _encoded(payload)
        for retry in range(RETRIES + 1):
            chunks = Chunks()
            try:
                async with aclosing(self._ask(body, chunks)) as reply:
                    async for chunk in reply:
                        yield chunk
                return
            except TimeoutError:
                raise  # the customer has waited long enough
            except (ProviderFailed, aiohttp.ClientError) as error:
                wait = error.wait if isinstance(error, ProviderFailed) else None
                passing = error.passing if isinstance(error, ProviderFailed) else True
                if chunks.begun or not passing or retry == RETRIES or (wait or 0) > LONGEST_WAIT:
                    raise
            if wait is None:
                # Spread out, so that those who failed together do not come back together.
                wait = self._pause * 2**retry * random.uniform(0.5, 1)  # noqa: S311
            await asyncio.sleep(wait)

    async def _ask(self, body: bytes, chunks: Chunks) -> AsyncGenerator[Json]:
        events = EventStream()
        # Redirects are not followed: a conversation goes where the shop sent it, and nowhere else.
        async with self._open().post(
            self._url, data=body, headers=self._headers, allow_redirects=False
        ) as response:
            if response.status != 200:
                raise await _refusal(response)
            done = False
            while not done and (data := await _received(response.content, chunks.ended)):
                for event in events.feed(data):
                    if done := event == DONE:
                        break
                    yield chunks.tidy(_chunk(event))
            if not (done or chunks.ended):
                raise ProviderFailed("the stream ended in the middle")
            if chunks.usage:
                yield {"choices": [], "usage": chunks.usage}
            # Read to its end, the connection can be used again.
            with suppress(TimeoutError, aiohttp.ClientError):
                async with asyncio.timeout(LAST_BYTES):
                    while await response.content.readany():
                        pass

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            address = urlsplit(self._url)
            proxy = None  # or that of HTTPS_PROXY, unless NO_PROXY names the host
            if not urllib.request.proxy_bypass(address.hostname or ""):
                proxy = urllib.request.getproxies().get(address.scheme)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS,
                    keepalive_timeout=KEPT,
                    ssl=_certificates() if address.scheme == "https" else True,
                ),
                timeout=self._timeout,
                proxy=proxy,
                # Cookies of one customer's reply have no business in another's request.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _received(content: aiohttp.StreamReader, ended: bool) -> bytes:
    """What came; nothing at the end, or where the reply has ``ended`` and nothing follows."""
    if not ended:
        return await content.readany()
    try:
        async with asyncio.timeout(AFTERWARDS):
            return await content.readany()
    except (TimeoutError, aiohttp.ClientError):
        return b""  # the customer has the whole answer; only what it took is not told


def _certificates() -> ssl.SSLContext:
    """Those that httpx trusts: of SSL_CERT_FILE or SSL_CERT_DIR, or else Mozilla's."""
    return httpx.create_ssl_context()


def _encoded(payload: Json) -> bytes:
    try:
        return orjson.dumps(payload)
    except TypeError:
        # Halves of surrogate pairs, in what another program has written into the history.
        return json.dumps(payload).encode()


def _chunk(event: bytes) -> Json:
    try:
        chunk = orjson.loads(event)
    except orjson.JSONDecodeError:
        # Halves of surrogate pairs: a character that was parted between two chunks.
        chunk = json.loads(event)
    if not isinstance(chunk, dict):
        raise TypeError("a chunk that is no object")
    if chunk.get("error"):
        raise ProviderFailed("an error in the stream", code=_code(chunk))
    return chunk


async def _refusal(response: aiohttp.ClientResponse) -> ProviderFailed:
    code = ""
    with suppress(ValueError):
        code = _code(orjson.loads(await response.content.read(ERROR_BYTES)))
    return ProviderFailed(
        "the server refused",
        status_code=response.status,
        code=code,
        wait=_wait(response.headers),
    )


def _code(body: Any) -> str:
    """The protocol's word for an error; never its text, which may quote the customer."""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and CODE.fullmatch(code) else ""


def _wait(headers: Mapping[str, str]) -> float | None:
    """What Retry-After says, in seconds or as a date (RFC 9110, 10.2.3); OpenAI's in ms first."""
    with suppress(ValueError, KeyError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    told = headers.get("retry-after", "")
    with suppress(ValueError):
        return max(0.0, float(told))
    with suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    return None
