"""Server-sent events, read from the bytes in which they come.

https://html.spec.whatwg.org/multipage/server-sent-events.html, without what no provider uses: ids,
times to reconnect, and lines that end in a carriage return alone.
"""

# Bytes of one event. A chunk of a reply has a few hundred; a call with long arguments in one piece
# may have some thousand.
LONGEST = 1_048_576


class EventStream:
    """Takes bytes wherever they were parted; gives the data of each event that is whole."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._length = 0  # of the data

    def feed(self, received: bytes) -> list[bytes]:
        """The events that end in these bytes.

        Raises:
            ValueError: an event is longer than any that is meant.
        """
        *lines, self._rest = (self._rest + received).split(b"\n")
        events = []
        for line in lines:
            line = line.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
                self._length += len(line)
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data, self._length = [], 0
            # Else a comment, as servers send while the model thinks, or a field that says nothing.
        if len(self._rest) + self._length > LONGEST:
            raise ValueError("an event without an end")
        return events
