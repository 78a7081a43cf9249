"""Ends a channel layer, of which there is one for each process, when a test has several."""

import asyncio
from typing import Any

from redis.asyncio.sentinel import SentinelConnectionPool


async def close(layer: Any) -> None:
    """Ends its listener and closes its connections.

    Its own ``flush`` cancels the listener once, and waits. Python 3.11 can swallow that, as it can
    with the tasks that chat/runtime.py ends, and then it waits for ever.
    """
    pools = []
    for shard in layer._get_layer()._shards:
        while shard._receive_task is not None and not shard._receive_task.done():
            shard._receive_task.cancel()
            await asyncio.wait([shard._receive_task], timeout=0.1)
        if shard._redis is not None:
            pools.append(shard._redis.connection_pool)
    await layer.flush()
    for pool in pools:
        if isinstance(pool, SentinelConnectionPool):
            # Those to the sentinels the layer leaves to the end of the process.
            await pool.sentinel_manager.aclose()
