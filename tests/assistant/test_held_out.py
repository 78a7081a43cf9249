"""How much the offline assistant understands of what nobody tuned on, and that its table is fresh.

The utterances are never printed: pytest would show them in a failed assertion, so only counts are
compared here (see ``held_out/README.md``).
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chat.llm.offline.classifier import classifier, fingerprint
from tests.assistant.measure import HELD_OUT, JUDGED, measure, report

# The floor of what is reached, in all and in each judged kind; the goal, over all of them, is 95 %
# and 90 %.
FLOORS = {
    "utterances_a": (0.955, 0.92),
    "utterances_b": (0.935, 0.89),
    "utterances_c": (0.965, 0.94),
    "utterances_d": (0.94, 0.90),
    "utterances_e": (0.935, 0.86),
    "utterances_f": (0.94, 0.90),
}
FILES = sorted(HELD_OUT.glob("*.jsonl"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_utterances_that_nobody_tuned_on_are_led_to_the_right_kind(file: Path) -> None:
    in_all, each = FLOORS[file.stem]
    counted = measure(file)
    weak = [kind for kind in JUDGED if counted.share(kind) < each]
    assert (counted.in_all >= in_all, weak) == (True, []), f"\n{report(counted)}"


def test_an_utterance_is_led_to_the_same_in_every_process() -> None:
    """Python orders sets of text by a seed of its own in each process."""
    found = {_all_led(seed) for seed in ("0", "1")}
    assert len(found) == 1


def _all_led(seed: str) -> str:
    code = (
        "import json; from tests.assistant.measure import HELD_OUT, led_to;"
        "lines = (HELD_OUT / 'utterances_e.jsonl').read_text(encoding='utf-8').splitlines();"
        "print([sorted(led_to(json.loads(line)['text'])) for line in lines])"
    )
    environment = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return hashlib.sha256(done.stdout.encode()).hexdigest()


def test_the_table_was_made_from_these_phrases_and_rules() -> None:
    again = "make it anew: python -m chat.llm.offline.training"
    assert classifier().header["made_from"] == fingerprint(), again
