"""What the documents point at is there, and every variable stands in the README."""

import re
from pathlib import Path

import pytest

from supportbot import env

DOCUMENTS = sorted([*env.ROOT.glob("*.md"), *env.ROOT.glob("docs/**/*.md")])

# Of a link in Markdown or of HTML's src, without those that lead to other hosts.
TARGET = re.compile(r'(?:\]\(|src=")(?!\w+:)([^)"\s]+)')
# A path with a folder, said in code: chat/turns.py, docs/images/.
MENTIONED = re.compile(r"`((?:chat|docs|supportbot|templates|tests)/[\w./-]*)`")
# Code blocks and their fences: what looks like a link there is none.
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"`([A-Z]+(?:_[A-Z]+)+)`")


def prose(document: Path) -> str:
    return BLOCK.sub("", document.read_text())


def slugs(document: Path) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def variables(document: str) -> set[str]:
    """The names in the first column of the README's table of variables."""
    return set(re.findall(r"^\| `([A-Z_]+)` \|", (env.ROOT / document).read_text(), re.MULTILINE))


def names(document: Path) -> str:
    return str(document.relative_to(env.ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_every_link_leads_to_something(document: Path) -> None:
    for target in TARGET.findall(prose(document)):
        path, _, anchor = target.partition("#")
        there = document.parent / path if path else document
        assert there.exists(), f"{target} is not there"
        assert not anchor or anchor in slugs(there), f"{target} has no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_every_file_that_is_named_is_there(document: Path) -> None:
    for path in MENTIONED.findall(prose(document)):
        assert (env.ROOT / path).exists(), f"{path} is not there"


def test_the_readme_has_every_variable_and_no_other() -> None:
    example = (env.ROOT / ".env.example").read_text()
    assert variables("README.md") == set(re.findall(r"^#(\w+)=", example, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_every_variable_that_is_named_is_read_somewhere(document: Path) -> None:
    code = (
        "".join(
            path.read_text()
            for part in ("supportbot", "chat")
            for path in (env.ROOT / part).rglob("*.py")
        )
        + (env.ROOT / ".env.example").read_text()
    )
    for name in VARIABLE.findall(prose(document)):
        assert re.search(rf"\b{name}\b", code), f"nothing knows of {name}"


def test_every_decision_is_in_the_list_of_them() -> None:
    folder = env.ROOT / "docs" / "decisions"
    listed = set(TARGET.findall((folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}
