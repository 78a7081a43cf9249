"""A trivial load balancer: each connection goes to the next process that takes it."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from tests.own_thread import OwnThread, pump
from tests.site import Site


class Balancer(OwnThread):
    """Listens on a loopback port that the system picks, in front of ``sites``."""

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__()
        self._sites = sites
        self._next = 0

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self._sites:
            self._next += 1
            site = self._sites[self._next % len(self._sites)]
            try:
                answers, site_writer = await asyncio.open_connection(
                    "127.0.0.1", urlsplit(site.url).port
                )
            except OSError:
                continue  # it is being restarted
            back = asyncio.create_task(pump(answers, writer))
            try:
                await pump(reader, site_writer)
                await back
            finally:
                back.cancel()
                site_writer.close()
            return
