"""What articles may hold, and what is read in them."""

import re

import pytest

from chat.help import markdown


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        "![x](javascript:alert(1))",
        "![x](data:image/svg+xml,<svg onload=alert(1)>)",
        '[x](/a "\\" onmouseover=\\"alert(1)")',
        "<a href='javascript:alert(1)'>x</a>",
        "<style>*{display:none}</style>",
        "<iframe src=//evil.example></iframe>",
        "<form action=//evil.example><input name=password></form>",
        "<svg/onload=alert(1)>",
        '<https://evil.example/"onclick="alert(1)>',
        "`<script>alert(1)</script>`",
        "```<script>\n<script>alert(1)</script>\n```",
    ],
)
def test_no_markup_of_the_authors_own_and_no_script_reaches_the_page(body: str) -> None:
    shown = markdown.html(body)
    for tag in re.findall(r"<[^>]*>", shown):
        assert re.fullmatch(r"</?(p|a|em|code|pre|img|strong)\b[^<>]*>", tag), shown
        unquoted = re.sub(r'"[^"]*"', '""', tag)
        assert not re.search(r"\bon\w+=|style=", unquoted), shown
        assert not re.search(r'(href|src)="\s*(javascript|data|vbscript)', tag, re.IGNORECASE), (
            shown
        )


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("/static/shop/label.png", True),
        ("https://tracker.example/x.png", False),
        ("//tracker.example/x.png", False),
        # To a browser a path of ours: the backslash is written %5C.
        ("/\\tracker.example/x.png", True),
        ("x.png", False),
    ],
)
def test_images_come_from_the_shop_only_and_authors_are_told_of_others(
    address: str, stays: bool
) -> None:
    body = f"![A label]({address})"
    assert ("src=" in markdown.html(body)) == stays
    assert bool(markdown.foreign_images(body)) != stays


def test_markdown_is_shown_as_it_is_meant() -> None:
    shown = markdown.html(
        "# Big\n\n## Small\n\n- **a**\n- ~~b~~\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n3. c\n\n"
        "[us](/help/us/) [mail](mailto:a@b.example) <https://b.example>"
    )
    for wanted in (
        "<h2>Big</h2>",
        "<h2>Small</h2>",
        "<strong>a</strong>",
        "<s>b</s>",
        "<td>1</td>",
    ):
        assert wanted in shown
    assert '<ol start="3">' in shown
    assert 'href="/help/us/"' in shown
    assert 'href="mailto:a@b.example"' in shown
    assert 'href="https://b.example" rel="noopener noreferrer"' in shown


def test_passages_stand_under_their_headings_in_whole_sentences() -> None:
    body = (
        "Hello **you**.\nAnd you\n\n## How?\n\n1. Like [this](/x)\n2. So!\n\n> # Quoted\n\n    code"
    )
    first, second = markdown.passages(body)
    assert (first.heading, first.sentences) == ("", ("Hello you.", "And you."))
    assert second.heading == "How?"
    assert second.sentences == ("Like this.", "So!", "Quoted.", "code.")
    assert second.source.startswith("## How?")


def test_links_to_articles_are_known_and_others_are_none() -> None:
    body = "[a](/help/a/) [b](/help/b) [c](https://x.example/help/c/) [d](/help/) [e](/help/e/#x)"
    assert markdown.own_links(body) == {"a", "b", "e"}
