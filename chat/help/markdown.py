"""Articles' Markdown: as the page shows it, as passages to be found and quoted, and its links."""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

# CommonMark with tables; raw HTML is shown as the text it is.
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
TAGS = {
    *("p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "a", "img", "strong", "em", "s"),
    *("code", "pre", "blockquote", "hr", "br", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
# In plain text a block ends like a sentence.
SENTENCE_END = (".", "!", "?", ":", "…", ";", ",")
# A path of this site, and not //host/…; the parser writes a backslash as %5C.
OWN_PATH = re.compile(r"/(?!/)")
HELP_PAGE = re.compile(r"/help/([-\w]+)/?\Z")


class Passage(NamedTuple):
    """What stands under one heading; ``heading`` is empty for what comes before the first."""

    heading: str
    source: str  # Markdown, with the heading
    sentences: tuple[str, ...]  # plain


def html(body: str) -> SafeString:
    """What customers see.

    The article's title is the page's h1, so headings begin at h2. Images come from the shop only,
    as its Content-Security-Policy wants it; links lead to web and mail addresses.
    """
    clean = nh3.clean(
        PARSER.render(body).replace("<h1>", "<h2>").replace("</h1>", "</h2>"),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_only_own_images,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 cleaned in the line above


def _only_own_images(tag: str, attribute: str, value: str) -> str | None:
    return None if tag == "img" and attribute == "src" and not OWN_PATH.match(value) else value


def passages(body: str) -> list[Passage]:
    """The article in pieces, each under its heading."""
    lines = body.split("\n")
    cuts: list[tuple[int, str]] = [(0, "")]
    blocks: list[list[str]] = [[]]
    tokens = PARSER.parse(body)
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.map and token.level == 0:
            cuts.append((token.map[0], _plain(tokens[at + 1])))
            blocks.append([])
        elif token.type == "inline" and not (
            tokens[at - 1].type == "heading_open" and token.level == 1
        ):
            blocks[-1].append(_plain(token))
        elif token.type in ("fence", "code_block"):
            blocks[-1].append(token.content)
    found = []
    for number, ((begin, heading), texts) in enumerate(zip(cuts, blocks, strict=True)):
        end = cuts[number + 1][0] if number + 1 < len(cuts) else len(lines)
        source = "\n".join(lines[begin:end]).strip()
        sentences = tuple(sentence for text in texts for sentence in _sentences(text))
        if sentences or heading:
            found.append(Passage(heading, source, sentences))
    return found


def own_links(body: str) -> set[str]:
    """The slugs of the help articles to which the text links."""
    addresses = [urlsplit(address) for address in _addresses(body, "link_open", "href")]
    paths = [address.path for address in addresses if not address.netloc]
    return {unquote(found[1]) for path in paths if (found := HELP_PAGE.match(path))}


def foreign_images(body: str) -> list[str]:
    """Where the images come from that :func:`html` leaves out."""
    return [src for src in _addresses(body, "image", "src") if not OWN_PATH.match(src)]


def _addresses(body: str, kind: str, attribute: str) -> list[str]:
    return [
        str(child.attrs.get(attribute, ""))
        for token in PARSER.parse(body)
        for child in token.children or ()
        if child.type == kind
    ]


def _plain(token: Token) -> str:
    """The words of a paragraph, heading or cell."""
    words = {"softbreak": " ", "hardbreak": " "}
    return "".join(words.get(child.type, child.content) for child in token.children or ()).strip()


def _sentences(text: str) -> list[str]:
    text = " ".join(text.split())
    if text and not text.endswith(SENTENCE_END):
        text += "."
    return re.split(r"(?<=[.!?…]) (?=[^a-z])", text) if text else []
