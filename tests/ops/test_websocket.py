"""How frames get onto the wire."""

import asyncio
from typing import cast

from supportbot.websocket import WritesTogether


class Wire:
    """The end of a connection: keeps what each write brings."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def on(wire: Wire) -> WritesTogether:
    return WritesTogether(cast(asyncio.Transport, wire), asyncio.get_running_loop())


async def test_frames_of_one_moment_leave_in_one_write_in_their_order() -> None:
    wire = Wire()
    transport = on(wire)
    for frame in (b"1", b"2", b"3"):
        transport.write(frame)
    assert wire.writes == []
    await asyncio.sleep(0)
    transport.write(b"4")
    await asyncio.sleep(0)
    assert wire.writes == [b"123", b"4"]


async def test_closing_loses_nothing_that_was_written_before() -> None:
    wire = Wire()
    transport = on(wire)
    transport.write(b"last words")
    transport.close()
    await asyncio.sleep(0)
    assert (wire.writes, wire.closed) == ([b"last words"], True)


async def test_nothing_is_written_to_who_has_left_meanwhile() -> None:
    wire = Wire()
    on(wire).write(b"too late")
    wire.close()
    await asyncio.sleep(0)
    assert wire.writes == []
