"""The help pages and the links to them, in a real browser."""

import itertools
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Customers
from tests.page.scripted_socket import ScriptedSocket
from tests.page.test_chat import PHONE, answers, say


def test_a_visitor_searches_and_reads_on_a_phone(customers: Customers) -> None:
    page = customers.visitor(viewport=PHONE)
    page.goto("/")
    page.get_by_role("link", name="Help").first.click()
    page.get_by_label("Search the help").fill("my visa was declined")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Payment and invoices").click()
    expect(page.get_by_role("heading", name="My payment failed")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_no_page_is_wider_than_the_phone_of_somebody_logged_in(customers: Customers) -> None:
    page = customers.remembered("alice")
    page.goto("/help/returns/")
    for width in (320, 360, 386, 390, 430, 461):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_an_answer_leads_to_the_article_that_it_quotes(customers: Customers) -> None:
    page = customers.chat("bob")
    say(page, "how do I return something?")
    with page.context.expect_page() as opened:
        answers(page).get_by_role("link", name="Returns").click()
    article = opened.value
    expect(article.get_by_role("heading", name="Returns", exact=True)).to_be_visible()
    assert article.url == f"{customers.site.url}/help/returns/"


def test_what_another_process_writes_is_found_at_once_and_what_it_takes_away_is_not(
    customers: Customers, tmp_path: Path
) -> None:
    page = customers.visitor()
    parrots = page.get_by_role("link", name="Parrots")
    question = "/help/?q=may+parrots+come+along"
    page.goto(question)
    expect(parrots).to_have_count(0)
    file = tmp_path / "parrots.md"
    file.write_text("---\ntitle: Parrots\n---\nParrots are welcome.\n")
    customers.site.manage("import_articles", str(tmp_path))
    found_within(page, question, parrots, 1)
    file.write_text(file.read_text().replace("---\nP", "published: false\n---\nP"))
    customers.site.manage("import_articles", str(tmp_path))
    found_within(page, question, parrots, 0)


def found_within(page: Page, address: str, link: Locator, times: int) -> None:
    """The site's process may believe for a second what it knew; a visitor's browser for longer."""
    for number in itertools.count():
        page.goto(f"{address}&again={times}{number}")
        if link.count() == times:
            return
        assert number < 1_000


def test_words_hide_no_link_to_somebody_elses_pages(server: ScriptedSocket) -> None:
    server.answer(
        "a1",
        "[ours](/help/a/) [theirs](https://evil.example/) [slashes](//evil.example/)"
        " [backslash](/\\evil.example/) [script](javascript:alert(1))",
    )
    links = server.page.locator(".message.assistant .bubble a")
    expect(links).to_have_count(2)
    expect(links.nth(0)).to_have_text("ours")
    expect(links.nth(1)).to_have_text("https://evil.example/")
