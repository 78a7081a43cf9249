"""Articles as files: Markdown under a front matter in YAML.

---
title: Returns
slug: returns        # else the file's name
language: en         # else the site's
published: true      # else true
---
You can send back anything within 30 days.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError

from chat.help.models import BODY_CHARS, HelpArticle

ENDING = ".md"
# Bytes; a character has at most four.
FILE_BYTES = 4 * BODY_CHARS
FRONT_BYTES = 10_000
FENCE = "---"
FIELDS = {"title": str, "slug": str, "language": str, "published": bool}


class BadFile(Exception):
    """``reason`` says what is wrong, ``line`` where, from 1; 0 where it is the whole file."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def find(folder: Path) -> Iterator[Path]:
    """The Markdown files in the folder and those below, in order, links too; none that are hidden.

    Raises:
        OSError: if the folder cannot be read.
    """

    def fail(error: OSError) -> None:
        raise error

    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        wanted = [n for n in files if n.lower().endswith(ENDING) and not n.startswith(".")]
        yield from (Path(parent, name) for name in sorted([*linked, *wanted]))


def read(path: Path) -> HelpArticle:
    """The article in the file, not saved.

    Raises:
        BadFile: if it is no file of ours.
    """
    lines = _text(path).split("\n")
    if lines[0].rstrip() != FENCE:
        raise BadFile(f"does not begin with {FENCE}, title: … and {FENCE} again", 1)
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), 0)
    if not end:
        raise BadFile(f"its front matter has no end: a line {FENCE}", 1)
    values, places = _front_matter("\n".join(lines[1:end]))
    article = HelpArticle(
        **{"slug": path.stem, "language": settings.LANGUAGE_CODE, "title": ""} | values,
        body="\n".join(lines[end + 1 :]).strip("\n"),
    )
    try:
        article.clean_fields()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        place = end + 2 if field == "body" else places.get(field, 1)
        raise BadFile(f"{field}: {messages[0]}", place) from None
    if not article.body.strip():
        raise BadFile("has no text", end + 2)
    return article


def _text(path: Path) -> str:
    """What is in the file, with \\n at the end of lines."""
    try:
        # A link may lead out of the folder, and to open a pipe would wait for its writer.
        if not stat.S_ISREG(path.lstat().st_mode):
            raise BadFile("is a link, or no file; it was not followed")
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise BadFile(f"cannot be read: {error.strerror}") from None
    if len(content) > FILE_BYTES:
        raise BadFile(f"is larger than {FILE_BYTES:,} bytes")
    if (at := content.find(0)) >= 0:
        raise BadFile("is not text: it holds a zero byte", _line(content, at))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile("is not in UTF-8", _line(content, error.start)) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1


def _front_matter(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The fields that it names, and the lines on which it does."""
    if len(text) > FRONT_BYTES:
        raise BadFile(f"its front matter is longer than {FRONT_BYTES:,} characters", 1)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise BadFile(f"its front matter is no YAML: {error.problem}", line) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadFile(f"its front matter is no YAML: {type(error).__name__}", 1) from None
    if not isinstance(root, yaml.MappingNode):
        raise BadFile("its front matter has no lines such as title: Returns", 1)
    places: dict[str, int] = {}
    for key, _ in root.value:
        line = key.start_mark.line + 2
        if key.value not in FIELDS:
            known = ", ".join(FIELDS)
            raise BadFile(
                f"does not know the field {str(key.value)[:40]!r}; there are {known}", line
            )
        if key.value in places:
            raise BadFile(f"{key.value} stands there twice", line)
        places[key.value] = line
    for name, value in values.items():
        if not isinstance(value, FIELDS[name]):
            wanted = "true or false" if FIELDS[name] is bool else "text; put it in quotes"
            raise BadFile(f"{name} is to be {wanted}", places[name])
    return values, places
