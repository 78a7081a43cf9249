"""What the page shows of a turn."""

from playwright.sync_api import expect

from tests.page.scripted_socket import ScriptedSocket, ask, messages

ASKED = "Where is my parcel?"


def test_what_the_assistant_looks_up_is_shown(server: ScriptedSocket) -> None:
    ask(server, ASKED)
    server.begin_run()
    server.say("TOOL_CALL_START", toolCallId="c1", toolCallName="get_order", parentMessageId="a1")
    server.say("TOOL_CALL_ARGS", toolCallId="c1", delta='{"order_number": "1018"}')
    server.say("TOOL_CALL_END", toolCallId="c1")
    expect(server.page.get_by_text("Looking up order #1018…")).to_be_visible()

    server.say("TOOL_CALL_RESULT", toolCallId="c1", messageId="t1", content="{}", role="tool")

    expect(server.page.get_by_text("Looked up order #1018")).to_be_visible()


def test_an_order_card_says_it_in_the_words_of_the_orders_page(server: ScriptedSocket) -> None:
    parcel = {"carrier": "DHL", "tracking_number": "00340", "tracking_url": "javascript:alert(1)"}
    server.begin_run()
    server.say(
        "ACTIVITY_SNAPSHOT",
        messageId="t1:card",
        activityType="order",
        content={
            "number": "1018",
            "placed_at": "2020-03-02T10:00:00+00:00",
            "status": "confirmed",
            "payment_status": "paid",
            "fulfillment_status": "fulfilled",
            "total": "1049.90",
            "currency": "EUR",
            "lines": [{"title": "<b>Pan</b>", "quantity": 2}],
            "shipments": [
                parcel | {"status": "delivered", "delivered_at": "2020-03-05T14:02:00+00:00"},
                parcel | {"status": "in_transit", "last_event": None},
            ],
        },
    )

    card = server.page.get_by_role("article", name="Order #1018")
    expect(card).to_contain_text("1 of 2 parcels delivered")
    expect(card).to_contain_text("EUR 1,049.90 · Paid")
    expect(card).to_contain_text("2 × <b>Pan</b>")
    expect(card).to_contain_text("Delivered · Thu 5 Mar")
    expect(card).to_contain_text("On its way · No delivery date known yet")
    expect(card.get_by_role("link")).to_have_count(0)


def test_a_message_that_waits_stands_below_the_answer_that_runs(server: ScriptedSocket) -> None:
    ask(server, "one")
    server.begin_run()
    server.begin_words("a1", "To the first")
    ask(server, "two")
    server.more_words("a1", " one.")
    server.end_words("a1")
    server.begin_words("a2", "And one thing more.")

    expect(server.page.locator(".message .bubble")).to_have_text(
        ["one", "To the first one.", "And one thing more.", "two"]
    )
    expect(server.page.get_by_text("Waits for its turn")).to_be_visible()


def test_stop_asks_the_server_and_the_answer_is_marked_where_it_was_cut(
    server: ScriptedSocket,
) -> None:
    ask(server, ASKED)
    server.begin_run()
    server.begin_words("a1", "Well, let me")
    server.page.get_by_role("button", name="Stop the answer").click()
    server.wait_for_frame("run.cancel")
    server.end_words("a1")
    server.end_run("cancelled")

    expect(server.page.get_by_text("The answer was stopped here.")).to_be_visible()
    expect(server.page.get_by_role("button", name="Stop the answer")).to_be_hidden()


def test_an_answer_that_broke_off_stays_and_the_new_one_stands_below_it(
    server: ScriptedSocket,
) -> None:
    broke_off = "This broke off. The answer begins anew below."
    ask(server, ASKED)
    server.begin_run()
    server.begin_words("a1", "Your parcel is")
    server.end_words("a1", cut=True, replaced=True)
    expect(server.page.locator("[data-replaced]:visible")).to_have_text(broke_off)
    server.begin_words("a2", "Order #1018 is with DHL.")
    server.end_words("a2")
    server.end_run()

    expect(messages(server.page, "assistant")).to_have_text(
        ["Your parcel is", "Order #1018 is with DHL."]
    )
    expect(server.page.locator("[data-replaced]:visible")).to_have_count(1)
    expect(server.page.locator("[data-cut]:visible")).to_have_count(0)
    expect(server.page.get_by_role("group", name="Was this answer helpful?")).to_have_count(1)


def test_a_failed_answer_takes_its_words_back_and_can_be_tried_again(
    server: ScriptedSocket,
) -> None:
    ask(server, ASKED)
    server.begin_run()
    server.begin_words("a1", "Your par")
    server.say("RUN_ERROR", code="model_unavailable", message="The assistant cannot answer now.")
    expect(messages(server.page, "assistant")).to_have_count(0)
    expect(server.page.locator(".message.user")).to_contain_text("The assistant cannot answer now.")

    server.page.get_by_role("button", name="Try again").click()

    again = server.wait_for_frame("run.start", 2)
    assert again == server.sent("run.start")[0]
    server.acknowledge(again)
    server.answer("a2", "Your parcel is with DHL.")
    expect(messages(server.page, "assistant")).to_have_text(["Your parcel is with DHL."])
    expect(server.page.get_by_role("button", name="Try again")).to_have_count(0)


def test_an_answer_begun_again_replaces_the_words_of_the_dead_one(server: ScriptedSocket) -> None:
    ask(server, ASKED)
    server.begin_run()
    server.begin_words("a1", "Your par")
    server.say("RUN_ERROR", code="stale_turn", message="The answer was interrupted.")
    server.answer("a2", "Your parcel is with DHL.")

    expect(messages(server.page, "assistant")).to_have_text(["Your parcel is with DHL."])
    expect(server.page.get_by_role("button", name="Try again")).to_have_count(0)


def test_failed_and_cut_messages_are_marked_after_a_reload(server: ScriptedSocket) -> None:
    server.messages = [
        {"id": "u1", "role": "user", "content": "one"},
        {"id": "a1", "role": "assistant", "content": "Well", "metadata": {"cut": True}},
        {"id": "u2", "role": "user", "content": "two", "metadata": {"failed": True}},
    ]
    server.page.reload()

    expect(server.page.get_by_text("The answer was stopped here.")).to_be_visible()
    server.page.get_by_role("button", name="Try again").click()
    assert server.wait_for_frame("run.start") == {"type": "run.start", "id": "u2", "text": "two"}


def test_the_same_card_twice_in_a_row_is_shown_once(server: ScriptedSocket) -> None:
    card = {"number": "1018", "status": "confirmed"}
    for place in range(2):
        server.begin_run()
        server.say("ACTIVITY_SNAPSHOT", messageId=f"t{place}", activityType="order", content=card)
        server.begin_words(f"a{place}", str(place))
        server.end_run()

    expect(messages(server.page, "assistant")).to_have_text(["0", "1"])
    expect(server.page.get_by_role("article", name="Order #1018")).to_have_count(1)


def test_a_tab_opened_in_the_middle_of_an_answer_shows_all_of_it(server: ScriptedSocket) -> None:
    ask(server, ASKED)
    server.begin_run()
    server.begin_words("a1", "Your parcel ")
    question = {"id": server.sent("run.start")[0]["id"], "role": "user", "content": ASKED}
    server.messages = [question]
    run = server.run_id
    server.page.reload()
    expect(messages(server.page, "user")).to_have_text(ASKED)

    server.say("RUN_STARTED", threadId=server.thread, runId=run)
    server.begin_words("a1", "Your parcel ")
    server.more_words("a1", "is with DHL.")
    server.end_words("a1")
    server.end_run()

    expect(messages(server.page, "assistant")).to_have_text("Your parcel is with DHL.")
    assert len(server.sent("run.start")) == 1


def test_a_person_who_took_over_is_named(server: ScriptedSocket) -> None:
    server.greet(mode="staff")

    expect(server.page.get_by_text("You are talking to a person from our team.")).to_be_visible()
    expect(server.page.get_by_role("button", name="Talk to a person")).to_be_disabled()
