"""No message is lost and none is sent twice, whatever becomes of it on its way."""

import pytest
from playwright.sync_api import expect

from tests.page.scripted_socket import ScriptedSocket, ask, messages, write

ASKED = "Where is my parcel?"


def test_a_message_whose_acknowledgement_got_lost_is_sent_again_under_its_id(
    server: ScriptedSocket,
) -> None:
    write(server.page, ASKED)
    first = server.wait_for_frame("run.start")
    server.close(1012)

    again = server.wait_for_frame("run.start", 2)
    server.acknowledge(again)

    assert again == first
    server.answer("a1", "With DHL.")
    expect(messages(server.page, "assistant")).to_have_text(["With DHL."])
    expect(messages(server.page, "user")).to_have_text([ASKED])


def test_a_message_that_the_snapshot_shows_is_not_sent_again(server: ScriptedSocket) -> None:
    write(server.page, ASKED)
    frame = server.wait_for_frame("run.start")
    server.messages = [{"id": frame["id"], "role": "user", "content": ASKED}]
    server.close(1012)
    server.wait_until(lambda: server.opened == 2)
    ask(server, "And the other one?")

    assert [frame["text"] for frame in server.sent("run.start")] == [ASKED, "And the other one?"]
    expect(messages(server.page, "user")).to_have_text([ASKED, "And the other one?"])


def test_an_unacknowledged_message_survives_a_reload(server: ScriptedSocket) -> None:
    write(server.page, ASKED)
    first = server.wait_for_frame("run.start")

    server.page.reload()

    assert server.wait_for_frame("run.start", 2) == first
    expect(messages(server.page, "user")).to_have_text([ASKED])


def test_messages_go_one_after_the_other_in_their_order(server: ScriptedSocket) -> None:
    write(server.page, "one")
    write(server.page, "two")
    first = server.wait_for_frame("run.start")
    expect(server.page.get_by_text("Waits for its turn")).to_be_visible()
    assert len(server.sent("run.start")) == 1

    server.acknowledge(first)

    assert server.wait_for_frame("run.start", 2)["text"] == "two"


def test_events_that_come_twice_are_shown_once(server: ScriptedSocket) -> None:
    ask(server, ASKED)
    server.answer("a1", "With DHL.")
    server.send(
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "a1", "delta": "!", "metadata": {"seq": 2}}
    )
    server.answer("a2", "Hamburg.")

    expect(messages(server.page, "assistant")).to_have_text(["With DHL.", "Hamburg."])


@pytest.mark.parametrize("code", ["rate_limited", "history_unavailable", "queue_full"])
def test_a_message_refused_for_now_is_kept_and_sent_again(
    server: ScriptedSocket, code: str
) -> None:
    write(server.page, ASKED)
    frame = server.wait_for_frame("run.start")
    server.refuse(code, "Not now.", id=frame["id"], retryAfterMs=1200)
    expect(server.page.get_by_text("Your message is kept.")).to_be_visible()
    expect(server.page.get_by_text("Sent again in")).to_be_visible()

    again = server.wait_for_frame("run.start", 2)
    server.acknowledge(again)

    assert again == frame
    expect(server.page.get_by_text("Your message is kept.")).to_be_hidden()


def test_a_message_held_back_can_be_taken_back(server: ScriptedSocket) -> None:
    write(server.page, ASKED)
    frame = server.wait_for_frame("run.start")
    server.refuse("rate_limited", "Not now.", id=frame["id"], retryAfterMs=60_000)

    server.page.get_by_role("button", name="Don’t send").click()

    expect(messages(server.page, "user")).to_have_count(0)
    expect(server.page.get_by_label("Your message")).to_have_value(ASKED)
    ask(server, "Something else")


def test_a_message_that_can_never_be_taken_goes_back_to_be_edited(server: ScriptedSocket) -> None:
    write(server.page, ASKED)
    frame = server.wait_for_frame("run.start")
    server.refuse("message_too_long", "Your message is too long.", id=frame["id"])
    expect(server.page.locator(".message.user")).to_contain_text("Your message is too long.")
    ask(server, "A short one")

    server.page.get_by_role("button", name="Edit").click()

    expect(server.page.get_by_label("Your message")).to_have_value(ASKED)
    expect(messages(server.page, "user")).to_have_text(["A short one"])


def test_a_refusal_without_a_message_is_told(server: ScriptedSocket) -> None:
    server.refuse("invalid_frame", "That could not be read.")

    expect(server.page.locator("[data-notice]")).to_have_text("That could not be read.")


def test_words_longer_than_the_shop_takes_are_counted_before_they_are_sent(
    server: ScriptedSocket,
) -> None:
    field = server.page.get_by_label("Your message")
    field.fill("🙂" * 4001)  # code points, not the two units that JavaScript counts each as

    expect(server.page.locator("[data-hint]")).to_contain_text("1 character too many")
    expect(server.page.get_by_role("button", name="Send")).to_be_disabled()
    field.press("Enter")
    field.fill("🙂" * 4000)
    expect(server.page.locator("[data-hint]")).to_have_text("0 characters left")
    field.press("Enter")
    assert len(server.wait_for_frame("run.start")["text"]) == 4000
