"""Words: shown safely, followed, announced, written."""

from playwright.sync_api import Locator, expect

from tests.ops.processes import until
from tests.page.conftest import Customers
from tests.page.scripted_socket import ScriptedSocket, ask, messages

ASKED = "Where is my parcel?"


def test_words_are_never_markup(server: ScriptedSocket) -> None:
    attack = '<img src=x onerror="document.title=1"><a href="javascript:alert(1)">x</a>'
    ask(server, attack)
    server.answer("a1", f"{attack} **bold** see https://shop.example/a_(b). javascript:alert(1)")

    answer = messages(server.page, "assistant")
    expect(messages(server.page, "user")).to_have_text(attack)
    expect(answer.locator("img")).to_have_count(0)
    expect(answer.locator("strong")).to_have_text("bold")
    expect(answer.get_by_role("link")).to_have_count(1)
    expect(answer.get_by_role("link")).to_have_attribute("href", "https://shop.example/a_(b)")
    expect(server.page).to_have_title("Chat · Copper & Oak")


def test_who_has_scrolled_up_is_left_there_and_told_of_new_messages(
    server: ScriptedSocket,
) -> None:
    ask(server, ASKED)
    server.answer("a1", "\n".join(str(line) for line in range(100)))
    expect(messages(server.page, "assistant")).to_contain_text("99")
    log = server.page.get_by_role("log")
    log.hover()
    server.page.mouse.wheel(0, -900)
    jump = server.page.get_by_role("button", name="New messages")
    server.wait_until(lambda: not at_end(log))
    place = log.evaluate("log => log.scrollTop")

    server.answer("a2", "Something new")

    expect(jump).to_be_visible()
    assert log.evaluate("log => log.scrollTop") == place
    jump.click()
    expect(jump).to_be_hidden()
    assert at_end(log)


def test_words_that_stream_are_followed(server: ScriptedSocket) -> None:
    ask(server, ASKED)
    server.begin_run()
    server.begin_words("a1", "0")
    for line in range(60):
        server.more_words("a1", f"\n{line}")
    expect(messages(server.page, "assistant")).to_contain_text("59")

    assert at_end(server.page.get_by_role("log"))


def at_end(log: Locator) -> bool:
    return bool(log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"))


def test_a_screen_reader_hears_whole_answers_and_no_tokens(server: ScriptedSocket) -> None:
    heard = server.page.locator("[data-announcer]")
    ask(server, ASKED)
    server.begin_run()
    server.begin_words("a1", "Your parcel")
    expect(messages(server.page, "assistant")).to_have_text("Your parcel")
    expect(heard).to_be_empty()

    server.more_words("a1", " is with DHL.")
    server.end_words("a1")

    expect(heard).to_have_text("Your parcel is with DHL.")
    expect(server.page.get_by_role("log")).to_have_attribute("aria-live", "off")


def test_shift_enter_breaks_the_line(server: ScriptedSocket) -> None:
    field = server.page.get_by_label("Your message")
    field.press_sequentially("one")
    field.press("Shift+Enter")
    field.press_sequentially("two")
    field.press("Enter")

    assert server.wait_for_frame("run.start")["text"] == "one\ntwo"


def test_enter_that_ends_an_input_methods_word_sends_nothing(server: ScriptedSocket) -> None:
    field = server.page.get_by_label("Your message")
    field.fill("こんにちは")
    composing = "{key: 'Enter', bubbles: true, cancelable: true, isComposing: true}"

    field.evaluate(f"field => field.dispatchEvent(new KeyboardEvent('keydown', {composing}))")

    expect(field).to_have_value("こんにちは")
    field.press("Enter")
    assert server.wait_for_frame("run.start")["text"] == "こんにちは"


def test_a_draft_survives_a_reload_but_not_another_customers_login(
    server: ScriptedSocket, customers: Customers
) -> None:
    page = server.page
    field = page.get_by_label("Your message")
    field.fill("Half a sent")
    page.reload()
    expect(field).to_have_value("Half a sent")

    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/chat/")
    page.get_by_role("button", name="bob", exact=True).click()

    expect(page.locator("[data-welcome]")).to_be_visible()
    expect(field).to_have_value("")
    # The page is there before its scripts, which clear what is not this customer's.
    # Asked from outside: what waits within the page is code as text, which the page forbids.
    until(lambda: page.evaluate("sessionStorage.length") == 0, "the draft is gone")


def test_a_suggestion_is_asked_by_one_click(server: ScriptedSocket) -> None:
    server.page.get_by_role("button", name=ASKED).click()

    assert server.wait_for_frame("run.start")["text"] == ASKED
    expect(server.page.locator("[data-welcome]")).to_be_hidden()
