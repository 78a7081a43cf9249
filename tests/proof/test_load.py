"""Many customers talk at once, while what they talk to is restarted or dies: nobody notices."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.proof.balancer import Balancer
from tests.proof.conftest import Shop
from tests.proof.load import Load, SlowModel, load
from tests.proof.records import PATIENCE

CUSTOMERS, TURNS = 24, 8


class Talk:
    """What goes on in the shop while the customers talk."""

    def __init__(self, shop: Shop, customers: Load, model: SlowModel, count: int) -> None:
        self._shop = shop
        self._customers = customers
        self._model = model
        self._count = count

    def goes_on(self, answers: int) -> None:
        """Returns when the model was asked so many times more, or answers everybody's last message:
        a restart may take longer than all the talk before it."""
        asked = len(self._shop.model.requests)
        self._until(
            lambda: (
                len(self._shop.model.requests) >= asked + answers
                or len(self._model.lasting) == self._count
            )
        )

    def redis_is_missed(self) -> None:
        """Returns when a process has found that Redis is away."""
        sites = (self._shop.first, self._shop.second)
        told = [len(site.log()) for site in sites]
        self._until(lambda: any("Redis:" in s.log()[n:] for s, n in zip(sites, told, strict=True)))

    def _until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert self._customers.talks, self._customers.found()
            assert time.monotonic() < deadline
            time.sleep(0.01)


@contextmanager
def talk(
    shop: Shop, folder: Path, customers: int = CUSTOMERS, turns: int = TURNS
) -> Iterator[Talk]:
    """Customers at two processes behind a balancer; in the end they have found no fault."""
    model = shop.model.otherwise = SlowModel(turns)
    with (
        Balancer([shop.first, shop.second]) as balancer,
        load(shop.first, balancer.url, folder / "log", customers=customers, turns=turns) as load_,
    ):
        yield Talk(shop, load_, model, customers)
        assert load_.talks
        model.over.set()
        report = load_.found()
    assert f"answered {customers * turns} · stopped 0 · failed 0" in report


def test_a_hundred_customers_at_once_with_a_slow_model_at_two_processes_are_kept_apart(
    shop: Shop, tmp_path: Path
) -> None:
    """Shared and unlocked histories, which fail the same drill, are in ``tests/drill``."""
    with talk(shop, tmp_path, customers=100, turns=2) as going:
        going.goes_on(100)


def test_a_rolling_restart_under_load_loses_doubles_and_reorders_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    with talk(shop, tmp_path) as going:
        for site in (shop.first, shop.second):
            going.goes_on(CUSTOMERS // 2)
            site.stop()
            site.start()


def test_a_process_that_is_killed_under_load_loses_doubles_and_reorders_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    with talk(shop, tmp_path) as going:
        going.goes_on(2 * CUSTOMERS)
        shop.first.kill()
        shop.first.start()


def test_a_redis_that_is_killed_under_load_and_comes_back_has_lost_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    with talk(shop, tmp_path) as going:
        going.goes_on(2 * CUSTOMERS)
        redis = shop.first.redis
        assert redis.process is not None
        redis.process.kill()
        redis.process.wait()
        going.redis_is_missed()
        redis.start()
