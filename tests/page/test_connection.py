"""The page mends its connection, and says what is wrong where it cannot."""

from playwright.sync_api import expect

from tests.page.scripted_socket import ScriptedSocket, ask, messages, write

ASKED = "Where is my parcel?"


def test_a_lost_connection_is_shown_and_mends_itself(server: ScriptedSocket) -> None:
    server.greets = False
    server.close(1012)
    notice = server.page.locator("[data-notice]")
    server.wait_until(lambda: server.opened == 2)
    server.close(1011)
    expect(notice).to_have_text("The connection was lost. Reconnecting…")

    server.greets = True
    server.wait_until(lambda: server.opened == 3)

    expect(notice).to_be_hidden()


def test_a_server_that_accepts_and_then_says_nothing_is_not_trusted(
    server: ScriptedSocket,
) -> None:
    server.page.clock.install()
    server.greets = False
    server.close(1012)
    server.page.clock.run_for(1_000)
    server.wait_until(lambda: server.opened == 2)

    server.page.clock.run_for(11_000)

    server.wait_until(lambda: server.opened == 3)


def test_a_session_that_is_gone_leads_to_a_new_one_and_says_so(server: ScriptedSocket) -> None:
    ask(server, ASKED)
    server.answer("a1", "With DHL.")
    server.thread = "thread-2"
    server.close(4404)

    expect(server.page.get_by_text("This is a new conversation.")).to_be_visible()
    expect(messages(server.page, "assistant")).to_have_count(0)


def test_a_message_that_the_gone_session_never_had_goes_to_the_new_one(
    server: ScriptedSocket,
) -> None:
    write(server.page, ASKED)
    frame = server.wait_for_frame("run.start")
    server.thread = "thread-2"
    server.close(4404)

    assert server.wait_for_frame("run.start", 2) == frame
    expect(messages(server.page, "user")).to_have_text([ASKED])


def test_too_many_tabs_are_explained_and_not_tried_by_itself(server: ScriptedSocket) -> None:
    server.close(4429)
    expect(server.page.locator("[data-notice]")).to_contain_text("too many tabs")
    assert server.opened == 1

    server.page.get_by_role("button", name="Try again").click()

    server.wait_until(lambda: server.opened == 2)
    expect(server.page.locator("[data-notice]")).to_be_hidden()


def test_logged_out_elsewhere_leads_to_the_login_and_leaves_no_words_behind(
    server: ScriptedSocket,
) -> None:
    server.page.get_by_label("Your message").fill("A secret")
    server.page.context.clear_cookies()
    server.close(4401)

    server.page.wait_for_url("**/accounts/login/?next=%2Fchat%2F")
    assert server.page.evaluate("sessionStorage.length") == 0


def test_a_tab_that_was_away_asks_what_it_has_missed(server: ScriptedSocket) -> None:
    ask(server, ASKED)
    server.page.clock.install()
    show = "() => document.dispatchEvent(new Event('visibilitychange'))"
    hidden = "value => Object.defineProperty(document, 'hidden', {value, configurable: true})"

    server.page.evaluate(hidden, True)
    server.page.evaluate(show)
    server.page.clock.fast_forward(60_000)
    server.page.evaluate(hidden, False)
    server.page.evaluate(show)

    assert server.wait_for_frame("resume")["after"] >= 4


def test_an_ended_conversation_takes_nothing_and_offers_a_new_one(server: ScriptedSocket) -> None:
    server.greet(mode="closed")
    server.page.get_by_label("Your message").fill("Hello?")

    expect(server.page.locator("[data-notice]")).to_contain_text("This conversation has ended.")
    expect(server.page.get_by_role("button", name="Begin a new one")).to_be_visible()
    expect(server.page.get_by_role("button", name="Send")).to_be_disabled()


def test_a_rating_and_a_wish_that_were_not_taken_do_not_look_as_if_they_were(
    server: ScriptedSocket,
) -> None:
    ask(server, ASKED)
    server.answer("a1", "With DHL.")
    notice = server.page.locator("[data-notice]")
    thumb = server.page.get_by_role("button", name="Helpful", exact=True)
    person = server.page.get_by_role("button", name="Talk to a person")

    thumb.click()
    rated = server.wait_for_frame("feedback")
    expect(thumb).to_have_attribute("aria-pressed", "true")
    server.refuse("history_unavailable", "Not now.", id=rated["id"])
    expect(notice).to_have_text("Not now.")
    expect(thumb).to_have_attribute("aria-pressed", "false")

    person.click()
    wished = server.wait_for_frame("handoff.request")
    expect(person).to_be_disabled()
    server.refuse("rate_limited", "That was a lot.", id=wished["id"], retryAfterMs=1)
    expect(notice).to_have_text("That was a lot.")
    expect(person).to_be_enabled()
