"""Sentinel and Cluster, shared by the tests of a worker; after each they are whole and empty."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from chat.store import Limits, Store
from tests.redis_shapes.servers import (
    ClusterRedis,
    SentinelRedis,
    running_cluster,
    running_sentinel,
)
from tests.turn.conftest import LIMITS, StoreMaker


@pytest.fixture(scope="session")
def the_sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SentinelRedis]:
    with running_sentinel(tmp_path_factory.mktemp("sentinel")) as shape:
        yield shape


@pytest.fixture(scope="session")
def the_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterRedis]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as shape:
        yield shape


@pytest.fixture
def sentinel(the_sentinel: SentinelRedis) -> Iterator[SentinelRedis]:
    yield the_sentinel
    the_sentinel.until_whole()
    the_sentinel.clear()


@pytest.fixture
def cluster(the_cluster: ClusterRedis) -> Iterator[ClusterRedis]:
    yield the_cluster
    the_cluster.until_whole()
    the_cluster.clear()


@pytest.fixture(params=["redis_url", "sentinel", "cluster"])
def url(request: pytest.FixtureRequest) -> str:
    """``REDIS_URL`` in each shape."""
    found = request.getfixturevalue(request.param)
    return found if isinstance(found, str) else str(found.url)


@pytest.fixture
async def make_store() -> AsyncIterator[StoreMaker]:
    """Makes stores on a URL: ``make_store(url, replicas=1, lease=5)``."""
    stores: list[Store] = []

    def make(url: str, *, replicas: int = 0, **changes: Any) -> Store:
        limits = {name: getattr(LIMITS, name) for name in LIMITS.__slots__} | changes
        stores.append(Store(url, Limits(**limits), replicas=replicas))
        return stores[-1]

    yield make
    for store in stores:
        await store.aclose()
