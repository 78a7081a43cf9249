"""Makes the classifier's table from ``phrases/``: ``python -m chat.llm.offline.training``.

``--check`` prints what a cross-validation over the phrases finds instead, and ``--errors`` the
phrases that it led wrongly.
"""

import argparse
import sys
from collections import Counter

from chat.llm.offline.classifier import TABLE
from chat.llm.offline.training.learning import cross_validate, train
from chat.llm.offline.training.lessons import phrases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="cross-validate, write nothing")
    parser.add_argument("--errors", action="store_true", help="cross-validate, print what failed")
    asked = parser.parse_args()
    known = phrases()
    if not (asked.check or asked.errors):
        TABLE.write_bytes(train(known))
        size = TABLE.stat().st_size
        sys.stdout.write(f"{len(known)} phrases, {size / 1000:.0f} kB: {TABLE}\n")
        return
    found = cross_validate(known)
    right = Counter(kind for _, kind, led in found if kind == led)
    asked_for = Counter(kind for _, kind, _ in found)
    for kind, count in sorted(asked_for.items()):
        sys.stdout.write(f"{kind:18}{count:5}{100 * right[kind] / count:7.1f} %\n")
    sys.stdout.write(f"{'all':18}{len(found):5}{100 * right.total() / len(found):7.1f} %\n")
    if asked.errors:
        for text, kind, led in sorted(found, key=lambda each: each[1:]):
            if kind != led:
                sys.stdout.write(f"{kind} → {led}: {text}\n")


if __name__ == "__main__":
    main()
