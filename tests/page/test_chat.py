"""The chat from end to end: a real browser, the real site, the offline assistant."""

import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Customers
from tests.site import Site

PHONE = {"width": 390, "height": 844}


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def answers(page: Page) -> Locator:
    """The assistant's finished messages."""
    return page.locator(".message.assistant:not(.streaming) .bubble")


def questions(page: Page) -> Locator:
    return page.locator(".message.user .bubble")


def stored(site: Site, query: str) -> list[Any]:
    path = site.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def newest_order(page: Page) -> str:
    """The number of the customer's newest order, from the orders page."""
    page.goto("/orders/")
    heading = page.get_by_role("heading", name=re.compile("Order #")).first.inner_text()
    return heading.removeprefix("Order #")


def test_a_customer_asks_where_the_parcel_is_and_a_reload_shows_it_still(
    customers: Customers,
) -> None:
    page = customers.chat("alice")
    say(page, "Where is my parcel?")
    expect(answers(page)).to_have_count(1)
    expect(page.get_by_text(re.compile("Looked up"))).not_to_have_count(0)
    answer = answers(page).inner_text()
    cards = page.get_by_role("article").count()

    page.reload()

    expect(answers(page)).to_have_text(answer)
    expect(questions(page)).to_have_text("Where is my parcel?")
    expect(page.get_by_role("article")).to_have_count(cards)


def test_two_tabs_show_the_same(customers: Customers) -> None:
    page = customers.chat("alice")
    tab = customers.tab(page)
    expect(tab.locator("[data-welcome]")).to_be_visible()
    say(page, "Where is my parcel?")
    expect(answers(page)).to_have_count(1)
    say(tab, "Thank you")

    for each in (page, tab):
        expect(questions(each)).to_have_text(["Where is my parcel?", "Thank you"])
        expect(answers(each)).to_have_count(2)
    assert answers(page).all_inner_texts() == answers(tab).all_inner_texts()


def test_another_customer_gets_neither_the_words_nor_the_order(customers: Customers) -> None:
    alice = customers.chat("alice")
    number = newest_order(alice)
    alice.goto("/chat/")
    say(alice, f"Where is my order #{number}?")
    expect(answers(alice)).to_have_count(1)

    for name in ("bob", "staff"):
        stranger = customers.chat(name)
        say(stranger, f"Where is my order #{number}?")
        expect(answers(stranger)).to_have_count(1)
        expect(stranger.get_by_role("article")).to_have_count(0)
        expect(questions(stranger)).to_have_count(1)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_page_mends_itself_when_the_server_comes_back(
    customers: Customers, site: Site, end: str
) -> None:
    page = customers.chat("alice")
    say(page, "Where is my parcel?")
    expect(answers(page)).to_have_count(1)
    try:
        getattr(site, end)()
        expect(page.locator("[data-notice]")).to_be_visible()
        say(page, "Thank you")
        expect(page.get_by_text("Waits for the connection")).to_be_visible()
    finally:
        site.start()

    expect(answers(page)).to_have_count(2, timeout=60_000)
    expect(page.locator("[data-notice]")).to_be_hidden()
    expect(questions(page)).to_have_text(["Where is my parcel?", "Thank you"])
    page.reload()
    expect(questions(page)).to_have_text(["Where is my parcel?", "Thank you"])
    expect(answers(page)).to_have_count(2)


def test_what_is_written_offline_is_sent_once_on_return(customers: Customers) -> None:
    page = customers.chat("alice")
    page.context.set_offline(True)
    expect(page.locator("[data-notice]")).to_be_visible()
    say(page, "Hello")
    expect(page.get_by_text("Waits for the connection")).to_be_visible()

    page.context.set_offline(False)

    expect(answers(page)).to_have_count(1)
    page.reload()
    expect(questions(page)).to_have_text("Hello")
    expect(answers(page)).to_have_count(1)


def test_logging_out_in_one_tab_closes_the_chat_of_the_other(customers: Customers) -> None:
    page = customers.chat("alice")
    tab = customers.tab(page)
    expect(tab.locator("[data-welcome]")).to_be_visible()

    page.get_by_role("button", name="Log out alice").click()

    tab.wait_for_url("**/accounts/login/?next=%2Fchat%2F")
    page.wait_for_url("/")
    expect(page.get_by_role("link", name="Log in", exact=True)).to_be_visible()


def test_a_login_that_ended_unnoticed_leads_to_the_login_page(
    customers: Customers, site: Site
) -> None:
    page = customers.chat("alice")
    try:
        site.stop()
        expect(page.locator("[data-notice]")).to_be_visible()
        page.context.clear_cookies()
    finally:
        site.start()

    page.wait_for_url("**/accounts/login/?next=%2Fchat%2F", timeout=60_000)


def test_a_new_conversation_is_asked_about_and_begins_in_every_tab(customers: Customers) -> None:
    page = customers.chat("alice")
    say(page, "Hello")
    expect(answers(page)).to_have_count(1)
    tab = customers.tab(page)
    expect(answers(tab)).to_have_count(1)
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="Keep this one").click()
    expect(answers(page)).to_have_count(1)

    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="Begin anew").click()

    expect(questions(page)).to_have_count(0)
    expect(page.locator("[data-welcome]")).to_be_visible()
    expect(tab.get_by_text("This is a new conversation.")).to_be_visible()
    say(page, "Hello again")
    expect(questions(tab)).to_have_text("Hello again")


def test_ratings_and_the_wish_for_a_person_reach_the_shop(customers: Customers, site: Site) -> None:
    page = customers.chat("carol")
    say(page, "Hello")
    expect(answers(page)).to_have_count(1)
    page.get_by_role("button", name="Not helpful").click()
    page.get_by_label("What was wrong with it?").fill("Too short")
    page.get_by_role("button", name="Send", exact=True).first.click()
    expect(page.locator("[data-notice]")).to_contain_text("Thank you")
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.locator("[data-notice]")).to_contain_text("We have noted")
    # Frames are handled in their order: once this one is answered, those before it are done.
    say(page, "Thanks")
    expect(answers(page)).to_have_count(2)

    page.reload()
    expect(page.get_by_role("button", name="Not helpful").first).to_have_attribute(
        "aria-pressed", "true"
    )
    assert ("down", "Too short") in stored(site, "SELECT rating, comment FROM chat_feedback")
    assert stored(site, "SELECT count(*) FROM chat_handoffrequest") == [(1,)]


def test_the_question_about_an_order_is_written_and_not_sent(customers: Customers) -> None:
    page = customers.log_in("alice")
    number = newest_order(page)
    page.get_by_role("link", name=f"Ask about order #{number}").click()
    field = page.get_by_label("Your message")
    expect(field).to_have_value(f"Where is my order #{number}?")
    expect(field).to_be_focused()
    expect(questions(page)).to_have_count(0)

    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(1)
    page.reload()

    expect(answers(page)).to_have_count(1)
    expect(questions(page)).to_have_count(1)
    expect(field).to_have_value("")


def test_the_chat_opens_on_the_landing_page_and_gives_the_focus_back(
    customers: Customers,
) -> None:
    page = customers.log_in("alice", viewport={"width": 1280, "height": 800})
    page.goto("/")
    launcher = page.get_by_role("link", name="Ask us")
    launcher.click()
    expect(page.get_by_label("Your message")).to_be_focused()
    say(page, "Hello")
    expect(answers(page)).to_have_count(1)

    page.keyboard.press("Escape")

    expect(page.locator(".chat-panel")).to_be_hidden()
    expect(launcher).to_be_focused()


def test_on_a_phone_the_launcher_leads_to_the_chat_page(customers: Customers) -> None:
    page = customers.log_in("alice", viewport=PHONE)
    page.goto("/")
    page.get_by_role("link", name="Ask us").click()

    page.wait_for_url("**/chat/")


def test_nothing_scrolls_sideways_on_a_phone(customers: Customers) -> None:
    page = customers.visitor(viewport=PHONE, is_mobile=True, has_touch=True)
    for address in ("/", "/accounts/login/", "/accounts/signup/"):
        page.goto(address)
        assert_fits(page)
    page = customers.chat("carol", viewport=PHONE, is_mobile=True, has_touch=True)
    say(page, "W" * 300)
    expect(answers(page)).to_have_count(1)
    assert_fits(page)
    say(page, "Where is my parcel?")
    expect(answers(page)).to_have_count(2)
    assert_fits(page)
    field = page.get_by_label("Your message")
    assert field.evaluate("field => parseFloat(getComputedStyle(field).fontSize)") >= 16
    page.goto("/orders/")
    assert_fits(page)


def test_pages_enlarged_fourfold_need_no_scrolling_sideways(customers: Customers) -> None:
    page = customers.chat("carol", viewport={"width": 320, "height": 256})
    for address in ("/", "/chat/", "/orders/"):
        page.goto(address)
        assert_fits(page, 320)


def assert_fits(page: Page, most: int = PHONE["width"]) -> None:
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= most, f"{page.url} is {width} pixels wide"
    log = page.locator("[data-log]")
    if log.count():
        assert log.evaluate("log => log.scrollWidth <= log.clientWidth")


def test_all_of_it_works_by_keyboard(customers: Customers) -> None:
    page = customers.visitor()
    page.goto("/accounts/login/?next=/chat/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type("demo")
    page.keyboard.press("Enter")
    field = page.get_by_label("Your message")
    expect(field).to_be_focused()
    page.keyboard.type("Hello")
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(1)
    expect(field).to_be_focused()

    new = page.get_by_role("button", name="New conversation")
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if new.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(new).to_be_focused()
    expect(answers(page)).to_have_count(1)
