"""Several server processes of one site, behind one Redis, with a model that does as it is told."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.openai_server import OpenAIServer
from tests.proof.redis_proxy import RedisProxy
from tests.site import Site, running_site
from tests.socket_client import Browser, Tab

LEASE = 2


@dataclass(frozen=True)
class Shop:
    """Three processes: two that live, and one that dies at the point where it is told to."""

    model: OpenAIServer
    first: Site
    second: Site
    victim: Site
    proxy: RedisProxy  # between the victim and Redis

    @property
    def processes(self) -> list[Site]:
        return [self.first, self.second, self.victim]

    def login(self) -> "Login":
        return Login(self)


class Login:
    """One login of a customer, whose tabs may be at any of the processes."""

    def __init__(self, shop: Shop) -> None:
        self._browsers = {shop.first.url: Browser(shop.first.url).log_in("alice")}
        self._cookies = self._browsers[shop.first.url].cookies

    def tab(self, site: Site) -> Tab:
        """A tab that is connected to this process, to be used in ``async with``."""
        browser = self._browsers.setdefault(site.url, Browser(site.url))
        browser.cookies = self._cookies
        return browser.tab()


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with ExitStack() as stack:
        model = stack.enter_context(OpenAIServer())
        site = stack.enter_context(
            running_site(
                folder,
                CHAT_LEASE_SECONDS=str(LEASE),
                CHAT_RATE_LIMIT="1000/s",
                OPENAI_BASE_URL=model.url,
                ASSISTANT_MODEL="openai:test-model",
            )
        )
        proxy = stack.enter_context(RedisProxy(folder / "proxy.sock", site.redis.socket))
        yield Shop(model, site, site.another(), site.another(REDIS_URL=proxy.url), proxy)


@pytest.fixture
def shop(processes: Shop) -> Shop:
    """All three alive, and nobody has asked the model anything."""
    for process in processes.processes:
        if not process.alive:
            process.start()
    processes.model.answers.clear()
    processes.model.requests.clear()
    return processes
