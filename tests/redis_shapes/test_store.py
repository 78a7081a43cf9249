"""The conversations on one server, behind Sentinel, and on a Cluster."""

from uuid import uuid4

import pytest

from chat.errors import HistoryUnavailable
from tests.redis_shapes.servers import ClusterRedis, Node, SentinelRedis
from tests.turn.conftest import StoreMaker, Worker


async def open_worker(make_store: StoreMaker, url: str, **options: int) -> Worker:
    worker = Worker(make_store(url, **options))
    await worker.store.open(worker.session_id)
    return worker


async def test_a_conversation_goes_its_way(make_store: StoreMaker, url: str) -> None:
    worker = await open_worker(make_store, url)
    turn = await worker.begin("Where is my parcel?")
    assert (await worker.accept("And when?")).turn is None
    await worker.say(turn, 1, "On ", "its way.")
    assert await worker.store.renew([turn]) == []
    following = await worker.commit(turn, "On its way.")
    assert following is not None
    assert [m.text for m in following.window] == ["Where is my parcel?", "On its way."]
    assert await worker.store.cut(worker.session_id) is not None
    assert [turn for turn, _ in await worker.store.renew([following])] == [following]
    assert await worker.history() == ["Where is my parcel?", "On its way."]
    assert await worker.store.purge(worker.session_id) == 3
    assert await worker.store.look(worker.session_id) is None


async def test_sessions_with_work_to_do_are_found_wherever_they_lie(
    make_store: StoreMaker, url: str
) -> None:
    workers = [await open_worker(make_store, url, lease=1) for _ in range(20)]
    for worker in workers:
        await worker.begin("Hello?")
    store = workers[0].store
    expected = {worker.session_id for worker in workers}
    due = dict(await store.due(-1))
    assert expected <= set(due)
    for session_id in expected:
        await store.settle(session_id, due[session_id])
    assert not expected & set(dict(await store.due(-1)))
    assert expected <= {session_id async for session_id in store.session_ids()}


@pytest.fixture(params=["sentinel", "cluster"])
def shape(request: pytest.FixtureRequest) -> SentinelRedis | ClusterRedis:
    found: SentinelRedis | ClusterRedis = request.getfixturevalue(request.param)
    return found


def master(shape: SentinelRedis | ClusterRedis, session_id: str) -> Node:
    if isinstance(shape, SentinelRedis):
        return shape.master
    return shape.master_of(f"chat_history:{session_id}")


async def test_nothing_is_acknowledged_that_no_replica_has(
    make_store: StoreMaker, shape: SentinelRedis | ClusterRedis
) -> None:
    worker = await open_worker(make_store, shape.url, replicas=1)
    careless = await open_worker(make_store, shape.url)
    careless.session_id = worker.session_id
    turn = await worker.begin("Where is my parcel?")
    message_id = str(uuid4())
    server = master(shape, worker.session_id)
    server.leave_replicas_behind()
    with pytest.raises(HistoryUnavailable):
        await worker.accept("And when?", message_id)
    assert (await careless.accept("And where?")).turn is None  # as it is without asking for any
    with pytest.raises(HistoryUnavailable):
        await worker.say(turn, 1, "On its way.")
    with pytest.raises(HistoryUnavailable):
        await worker.commit(turn, "On its way.")
    assert await worker.history() == ["Where is my parcel?", "On its way."]  # reading goes on
    server.take_replicas_along()
    shape.until_whole()
    assert (await worker.accept("And when?", message_id)).known is not None
    await worker.commit(turn, "On its way.")
    assert await worker.history() == ["Where is my parcel?", "On its way."]


async def test_a_message_sent_again_is_acknowledged_only_when_a_replica_has_it(
    make_store: StoreMaker, shape: SentinelRedis | ClusterRedis
) -> None:
    worker = await open_worker(make_store, shape.url, replicas=1)
    other = Worker(make_store(shape.url, replicas=1), worker.session_id)
    server = master(shape, worker.session_id)
    # Connected and late: WAIT counts them for a connection that has not written itself.
    late = shape.replicas_of(server)
    message_id = str(uuid4())
    for replica in late:
        replica.hang()
    with pytest.raises(HistoryUnavailable):
        await worker.accept("And when?", message_id)
    with pytest.raises(HistoryUnavailable):
        await other.accept("And when?", message_id)
    for replica in late:
        replica.kill()
    shape.until_whole()
    assert (await other.accept("And when?", message_id)).known is not None


async def test_all_servers_that_lead_are_known(
    make_store: StoreMaker, shape: SentinelRedis | ClusterRedis
) -> None:
    store = make_store(shape.url)
    servers = await store.servers()
    assert len(servers) == (1 if isinstance(shape, SentinelRedis) else 3)
    assert await store.servers() == servers


@pytest.mark.parametrize("replicas", [0, 1])
async def test_a_conversation_goes_on_after_its_slot_has_moved_to_another_node(
    make_store: StoreMaker, cluster: ClusterRedis, replicas: int
) -> None:
    worker = await open_worker(make_store, cluster.url, replicas=replicas)
    turn = await worker.begin("Where is my parcel?")
    moving = cluster.moving(f"chat_history:{worker.session_id}")
    with moving, pytest.raises(HistoryUnavailable):  # a Cluster runs no script on half a slot
        await worker.say(turn, 1, "On its way.")
    await worker.say(turn, 1, "On its way.")
    await worker.commit(turn, "On its way.")
    assert await worker.history() == ["Where is my parcel?", "On its way."]
