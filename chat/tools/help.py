"""search_help: what the shop has written about its rules."""

from pydantic import BaseModel, Field

from chat.help.search import search
from chat.tools.answers import compact

NOTHING = "The shop has written nothing about this."


class SearchHelp(BaseModel):
    """What the shop has written about its rules: delivery times and costs, returns and refunds,
    payment, damaged or missing goods, address changes, cancelling. Name the article you use, as a
    link to its url.
    """

    query: str = Field(description="A few words of what is asked, such as: return period.")


def search_help(query: str) -> tuple[str, None]:
    """Up to three published articles that answer, best first.

    Each with slug, title, url (a path of the site), text (Markdown), and the ``passage`` of it that
    fits best, in plain words, with the ``heading`` above it.
    """
    found = [
        {
            "slug": hit.slug,
            "title": hit.title,
            "url": hit.url,
            "heading": hit.heading,
            "passage": hit.quote,
            "text": hit.text,
        }
        for hit in search.find(query)
    ]
    return compact(articles=found, **({} if found else {"note": NOTHING})), None
