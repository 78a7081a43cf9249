"""How fast somebody may go on: the generic cell rate algorithm, as in ``lua/_rate.lua``."""


class Pace:
    """``burst`` at once, then one every ``interval`` seconds. Starts with room for all of them.

    https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
    """

    __slots__ = ("_arrival", "_interval", "_tolerance")

    def __init__(self, burst: float, interval: float) -> None:
        self._interval = interval
        self._tolerance = burst * interval
        self._arrival = 0.0  # theoretical arrival time so far

    def take(self, now: float) -> float:
        """Takes a place and answers 0, or answers the seconds until there is one."""
        arrival = max(self._arrival, now) + self._interval
        if wait := max(0.0, arrival - self._tolerance - now):
            return wait
        self._arrival = arrival
        return 0.0

    def is_rested(self, now: float) -> bool:
        """Whether there is room for all of them again: nothing would be forgotten with it."""
        return self._arrival <= now
