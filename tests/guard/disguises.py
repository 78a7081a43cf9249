"""Fills the lines of ``attacks.jsonl`` and ``innocent.jsonl``: ``{order}``, ``{order|spaced}``."""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

HERE = Path(__file__).parent
PLACE = re.compile(r"\{([a-z_]+)(?:\|([a-z0-9]+))?\}")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def lines(name: str) -> list[dict[str, Any]]:
    """The lines of one of the files here."""
    return [json.loads(line) for line in (HERE / name).read_text().splitlines() if line.strip()]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with every place filled."""
    return PLACE.sub(lambda found: disguised(values[found[1]], found[2]), text)


def disguised(value: str, how: str | None) -> str:
    """The value as the disguise writes it."""
    match how:
        case None:
            return value
        case "spaced":
            return " ".join(value)
        case "dashed":
            return "-".join(value)
        case "dotted":
            return ".".join(value)
        case "zwsp":
            return "\u200b".join(value)
        case "softhyphen":
            return "\u00ad".join(value)
        case "lines":
            return "\n".join(value)
        case "bold":
            return "".join(f"**{c}**" if at % 2 else c for at, c in enumerate(value))
        case "fullwidth":
            return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)
        case "mathbold":
            return "".join(chr(0x1D7CE + int(c)) if c.isdigit() else c for c in value)
        case "arabic":
            return "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in value)
        case "circled":
            return "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(c)] if c.isdigit() else c for c in value)
        case "keycaps":
            return "".join(f"{c}\ufe0f\u20e3" if c.isdigit() else c for c in value)
        case "words":
            return " ".join(WORDS[int(c)] if c.isdigit() else c for c in value)
        case "reversed":
            return value[::-1]
        case "base64":
            return base64.b64encode(value.encode()).decode()
        case "hex":
            return value.encode().hex()
        case "percent":
            return "".join(f"%{ord(c):02X}" if c.isalnum() else quote(c) for c in value)
        case "entities":
            return "".join(f"&#{ord(c)};" for c in value)
        case "split":
            return f"{value[: len(value) // 2 + 1]} {value[len(value) // 2 + 1 :]}"
        case "lower":
            return value.lower()
        case "upper":
            return value.upper()
        case "at":
            return value.replace("@", " (at) ").replace(".", " (dot) ")
        case "atwords":
            return value.replace("@", " at ").replace(".", " dot ")
    raise ValueError(how)
