"""How many held-out utterances are led to the right kind: ``python -m tests.assistant.measure``.

Prints figures only, never the utterances: whoever tunes the understanding must not read them.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chat.llm.offline.conversation import About, Conversation, LookedUp
from chat.llm.offline.intents import KIND_OF
from chat.llm.offline.understanding import wishes

HELD_OUT = Path(__file__).parent / "held_out"
JUDGED = (
    "order_status", "delivery_time", "delivery_options", "address_change", "cancellation",
    "return_refund", "payment", "complaint", "person", "off_topic",
)  # fmt: skip
Lead = Callable[[str], frozenset[str]]


@dataclass
class Measured:
    """Counts over one file. An utterance of two kinds counts for each of them."""

    asked: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    taken_for: Counter[tuple[str, str]] = field(default_factory=Counter)
    utterances: int = 0
    whole: int = 0  # led to exactly the wanted kinds
    two: int = 0
    two_whole: int = 0

    def share(self, kind: str) -> float:
        """Of the utterances of a kind, those led to it."""
        return self.right[kind] / self.asked[kind]

    @property
    def in_all(self) -> float:
        """Of all utterances, those led to the wanted kinds and no other."""
        return self.whole / self.utterances


def led_to(text: str) -> frozenset[str]:
    """The kinds that the offline assistant takes a first message for; a guess is none."""
    talked = Conversation(text, LookedUp(), About())
    return frozenset(
        "unclear" if each.guess else KIND_OF.get(each.intent, "unclear") for each in wishes(talked)
    )


def measure(file: Path, lead: Lead = led_to) -> Measured:
    """Lead every utterance of the file and count."""
    counted = Measured()
    for line in file.read_text(encoding="utf-8").splitlines():
        utterance = json.loads(line)
        wanted = frozenset(utterance["kinds"])
        led = lead(utterance["text"])
        counted.utterances += 1
        counted.whole += led == wanted
        if len(wanted) > 1:
            counted.two += 1
            counted.two_whole += led == wanted
        for kind in wanted:
            counted.asked[kind] += 1
            counted.right[kind] += kind in led
        for kind in wanted - led:
            for other in led - wanted or {"(only the other wish)"}:
                counted.taken_for[kind, other] += 1
        for other in led - wanted if wanted <= led else ():
            counted.taken_for["(nothing)", other] += 1
    return counted


def report(counted: Measured) -> str:
    """A table for people."""
    lines = [
        f"{kind:18}{counted.right[kind]:5} of{counted.asked[kind]:5}"
        f"{100 * counted.share(kind):7.1f} %"
        for kind in sorted(counted.asked, key=lambda each: (each not in JUDGED, each))
    ]
    lines.append(
        f"{'in all':18}{counted.whole:5} of{counted.utterances:5}{100 * counted.in_all:7.1f} %"
        f"   ({counted.two_whole} of the {counted.two} with two wishes)"
    )
    lines += [
        f"  {count:3} × {kind} taken for {other}"
        for (kind, other), count in counted.taken_for.most_common()
    ]
    return "\n".join(lines)


def main() -> None:
    for file in sorted(HELD_OUT.glob("*.jsonl")):
        sys.stdout.write(f"{file.name}\n{report(measure(file))}\n\n")


if __name__ == "__main__":
    main()
