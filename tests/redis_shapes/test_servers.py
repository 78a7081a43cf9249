"""The servers of these tests do what the tests take for granted."""

import redis

from tests.redis_shapes.servers import ClusterRedis, SentinelRedis, until


def test_sentinels_name_another_master_and_take_the_dead_one_back(
    sentinel: SentinelRedis,
) -> None:
    sentinel.master.set_safely("kept", "1", replicas=2)
    sentinel.master.leave_replicas_behind()
    sentinel.master.ask("SET", "lost", "1")
    dead = sentinel.fail_over()
    assert sentinel.master.ask("MGET", "kept", "lost") == [b"1", None]
    sentinel.until_whole()
    assert dead in sentinel.replicas_of(sentinel.master)


def test_a_replica_takes_the_place_of_a_dead_master_in_the_cluster(cluster: ClusterRedis) -> None:
    cluster.master_of("key").set_safely("key", "1", replicas=1)
    cluster.master_of("key").leave_replicas_behind()
    cluster.master_of("key").ask("SET", "key", "lost")
    cluster.fail_over("key")
    until(lambda: bool(cluster.master_of("key").ask("GET", "key") == b"1"), "an answer")
    cluster.until_whole()
    with redis.RedisCluster("127.0.0.1", cluster.nodes[5].port) as client:
        assert client.set("other", "2")
