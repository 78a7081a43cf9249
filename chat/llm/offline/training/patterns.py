"""Sentences by pattern (see ``patterns.txt``) for training: one form with many words in it."""

import random
import re
from pathlib import Path

FILE = Path(__file__).parents[1] / "patterns.txt"
CHOICE = re.compile(r"\[([^\[\]]*)\]")
NAME = re.compile(r"\{(\w+)\}")


def read() -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The lists by their names, and the patterns with their kinds."""
    lists: dict[str, list[str]] = {}
    patterns: list[tuple[str, str]] = []
    kind = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        name, equals, words = line.partition(" = ")
        if line.startswith("== "):
            kind = line[3:].strip()
        elif equals and name.isidentifier():
            lists[name] = [word.strip() for word in words.split("|")]
        elif line and not line.startswith("#"):
            patterns.append((line, kind))
    return lists, patterns


def sentences(each: int, chance: random.Random) -> list[tuple[str, str]]:
    """``each`` sentences of every pattern, or fewer where it has not so many, with their kinds."""
    lists, patterns = read()
    return [
        (text, kind)
        for pattern, kind in patterns
        for text in dict.fromkeys(filled(pattern, lists, chance) for _ in range(each))
    ]


def filled(pattern: str, lists: dict[str, list[str]], chance: random.Random) -> str:
    """One sentence of the pattern."""
    while found := CHOICE.search(pattern):
        choice = chance.choice(found[1].split("|"))
        pattern = pattern[: found.start()] + choice + pattern[found.end() :]
    while found := NAME.search(pattern):
        choice = chance.choice(lists[found[1]])
        pattern = pattern[: found.start()] + choice + pattern[found.end() :]
    return " ".join(pattern.split())
