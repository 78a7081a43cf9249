"""A drill's result as people read it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import quantiles

from langchain_core.messages import BaseMessage, ToolMessage

from chat import marks
from chat.drill.findings import Fault, Kind, Witness
from chat.drill.run import Drill

# Faults that are listed; of a broken installation there may be thousands.
LISTED = 50


def lines(drill: Drill) -> Iterator[str]:
    """The table, then the faults. No line holds what anybody said."""
    turns = sum(len(talk.messages) for talk in drill.talks)
    yield f"turns{turns:>21,}   {_ends(drill.witnesses)}"
    counts = Counter(fault.kind for fault in drill.faults)
    for kind in Kind:
        yield f"{kind:<20}{counts[kind]:>6,}"
    yield ""
    yield f"{'milliseconds':<20}{'p50':>8}{'p95':>8}{'p99':>8}"
    messages = [message for talk in drill.talks for message in talk.messages.values()]
    yield _latency("to the first word", (m.first_word - m.sent for m in messages if m.first_word))
    yield _latency("to the end", (m.ended - m.sent for m in messages if m.ended))
    yield ""
    yield from _happened(drill)
    if drill.faults:
        yield ""
        yield from _listed(drill.faults)


def _ends(witnesses: Iterable[Witness]) -> str:
    ends = Counter(
        _end(message)
        for witness in witnesses
        for message in witness.history
        if marks.ANSWERS in message.additional_kwargs
    )
    return " · ".join(f"{end} {ends[end]:,}" for end in ("answered", "stopped", "failed"))


def _end(message: BaseMessage) -> str:
    if marks.FAILED in message.additional_kwargs:
        return "failed"
    return "stopped" if marks.CUT in message.additional_kwargs else "answered"


def _latency(name: str, seconds: Iterable[float]) -> str:
    # From the newest time that the message was sent: waiting for an honest limit is no latency.
    milliseconds = sorted(1000 * each for each in seconds)
    if len(milliseconds) < 2:
        milliseconds = milliseconds * 2 or [0, 0]
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    return f"{name:<20}" + "".join(f"{cuts[percent - 1]:>8,.0f}" for percent in (50, 95, 99))


def _happened(drill: Drill) -> Iterator[str]:
    def total(count: str) -> int:
        return sum(getattr(talk, count) for talk in drill.talks)

    shown = sum(
        isinstance(message, ToolMessage) and message.artifact is not None
        for witness in drill.witnesses
        for message in witness.history
    )
    reconnects = sum(tab.reconnects for talk in drill.talks for tab in talk.tabs)
    yield (
        f"{drill.seconds:.1f} s of talk; own orders shown {shown:,} times,"
        f" held back by the rate limit {total('held_back'):,} times,"
    )
    yield (
        f"sockets cut {total('cuts'):,}, reconnected {reconnects:,},"
        f" messages sent twice {total('repeats'):,}, answers stopped {total('stops'):,}."
    )


def _listed(faults: Sequence[Fault]) -> Iterator[str]:
    order = list(Kind)
    for fault in sorted(faults, key=lambda fault: order.index(fault.kind))[:LISTED]:
        yield f"{fault.kind}: {fault.whose}: {fault.what}"
    if len(faults) > LISTED:
        yield f"… and {len(faults) - LISTED:,} more."
