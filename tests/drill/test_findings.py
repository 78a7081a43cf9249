"""Each kind of fault is found where it is planted, and none where all is well."""

from typing import Any

import orjson
import pytest
from langchain_core.messages import AIMessage, message_to_dict

from chat import events, marks
from chat.drill.canaries import Canaries
from chat.drill.findings import Kind, faults
from tests.drill.testimony import Account, Turn, frames, other, screen_of, snapshots

BEN = "ben"


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
def anna() -> Account:
    return Account()


def kinds(account: Account, canaries: Canaries) -> set[Kind]:
    return {fault.kind for fault in faults(account.witness(), canaries)}


def run_of(turn: int) -> slice:
    """Where a tab's frames have the answer to message 1 or 2, of the testimony as it is made."""
    first = 2 + (turn - 1) * 9 + 3
    return slice(first, first + 6)


def test_a_sound_conversation_has_no_fault(anna: Account, canaries: Canaries) -> None:
    assert faults(anna.witness(), canaries) == []


# --- leaks ------------------------------------------------------------------------------------


def test_anothers_order_in_an_answer_is_a_leak(canaries: Canaries) -> None:
    tracking = canaries.number("tracking number", BEN)
    anna = Account(turns=[Turn(1, "Where is it?", f"Your parcel is {tracking}.")])
    found = [fault for fault in faults(anna.witness(), canaries) if fault.kind is Kind.LEAK]
    # In both tabs, the history and the transcript, and parted into two frames all the same.
    assert len(found) == 4
    assert all(BEN in fault.what and "tracking number" in fault.what for fault in found)
    assert not any(tracking.lower() in str(fault).lower() for fault in found)


def test_anothers_words_in_a_snapshot_are_a_leak(anna: Account, canaries: Canaries) -> None:
    theirs = {"id": "m9", "role": "user", "content": canaries.word("words", BEN)}
    anna.tabs[1] = snapshots([theirs]) + anna.tabs[1][2:]
    assert Kind.LEAK in kinds(anna, canaries)


def test_anothers_order_on_the_page_of_orders_is_a_leak(anna: Account, canaries: Canaries) -> None:
    anna.pages = [f"<h2>Order #{canaries.number('order number', BEN)}</h2>"]
    assert kinds(anna, canaries) == {Kind.LEAK}


def test_anothers_order_in_the_transcript_alone_is_a_leak(
    anna: Account, canaries: Canaries
) -> None:
    leaking = other(anna.history[1], content=canaries.word("address", BEN))
    anna.transcript = dict(enumerate(map(message_to_dict, [*anna.history[:1], leaking])))
    assert kinds(anna, canaries) == {Kind.LEAK, Kind.TRANSCRIPT}


def test_a_message_that_this_customer_never_sent_is_a_leak(
    anna: Account, canaries: Canaries
) -> None:
    stranger = Turn(9, "Hello", "Hello.")
    anna.history += [stranger.message, stranger.reply]
    assert kinds(anna, canaries) >= {Kind.LEAK}


def test_ones_own_canaries_are_no_leak(canaries: Canaries) -> None:
    own = canaries.number("order number", "anna")
    anna = Account(turns=[Turn(1, "Where is it?", f"Your order #{own}.")])
    assert faults(anna.witness(), canaries) == []


def test_a_number_that_the_customer_typed_may_be_said_back_but_not_what_belongs_to_it(
    canaries: Canaries,
) -> None:
    number = canaries.number("order number", BEN)
    question = f"Where is #{number}?"
    echoed = Account(turns=[Turn(1, question, f"I cannot find #{number}.")])
    assert faults(echoed.witness(), canaries) == []
    title = canaries.word("article", BEN)
    answered = Account(turns=[Turn(1, question, f"#{number} holds a {title}.")])
    assert kinds(answered, canaries) == {Kind.LEAK}


# --- lost -------------------------------------------------------------------------------------


def test_an_acknowledged_message_without_an_answer_is_lost(
    anna: Account, canaries: Canaries
) -> None:
    anna.history.pop()
    assert Kind.LOST in kinds(anna, canaries)


def test_an_acknowledged_message_that_is_not_stored_is_lost(
    anna: Account, canaries: Canaries
) -> None:
    del anna.history[:2]
    assert Kind.LOST in kinds(anna, canaries)


def test_a_marked_failure_is_not_lost(anna: Account, canaries: Canaries) -> None:
    anna.history[-1] = marks.failed_reply("model_unavailable", "m2")
    failing = events.Run("thread", "r2")
    said = [failing.started(), failing.error("model_unavailable", "Please try again.")]
    anna.tabs = [tab[: run_of(2).start] + frames(said, 13) for tab in anna.tabs]
    assert faults(anna.witness(), canaries) == []


def test_a_tab_that_was_not_shown_an_answer_is_told_of(anna: Account, canaries: Canaries) -> None:
    del anna.tabs[1][run_of(2)]
    assert kinds(anna, canaries) == {Kind.LOST}


def test_a_tab_that_misses_a_part_of_an_answer_is_told_of(
    anna: Account, canaries: Canaries
) -> None:
    del anna.tabs[1][run_of(2).start + 2]
    assert kinds(anna, canaries) == {Kind.LOST}


def test_a_message_that_nobody_acknowledged_is_told_of(anna: Account, canaries: Canaries) -> None:
    anna.turns.append(Turn(3, "Anybody there?", ""))
    assert kinds(anna, canaries) == {Kind.LOST}


def test_a_conversation_that_was_replaced_is_told_of(anna: Account, canaries: Canaries) -> None:
    anna.sessions = 2
    assert kinds(anna, canaries) == {Kind.LOST}


# --- doubled ----------------------------------------------------------------------------------


def test_a_message_that_is_stored_twice_is_told_of(anna: Account, canaries: Canaries) -> None:
    anna.history += anna.history[:2]
    assert Kind.DOUBLED in kinds(anna, canaries)


def test_a_message_that_was_answered_twice_is_told_of(anna: Account, canaries: Canaries) -> None:
    again = other(anna.history[1], id="another")
    anna.history.insert(2, again)
    assert Kind.DOUBLED in kinds(anna, canaries)


def test_a_failed_answer_and_then_a_good_one_are_one_answer(
    anna: Account, canaries: Canaries
) -> None:
    anna.history.insert(1, marks.failed_reply("internal", "m1"))
    assert Kind.DOUBLED not in kinds(anna, canaries)


def test_an_id_that_was_acknowledged_as_two_messages_is_told_of(
    anna: Account, canaries: Canaries
) -> None:
    anna.tabs[0] += frames(anna.turns[0].acknowledged(), 19)
    assert Kind.DOUBLED in kinds(anna, canaries)


def test_an_id_that_is_acknowledged_again_under_its_number_is_no_fault(
    anna: Account, canaries: Canaries
) -> None:
    anna.tabs[0] += frames(anna.turns[0].acknowledged(), 1)
    assert faults(anna.witness(), canaries) == []


# --- out of order -----------------------------------------------------------------------------


def test_a_history_in_another_order_than_the_acceptance_is_told_of(
    anna: Account, canaries: Canaries
) -> None:
    anna.history = [*anna.history[2:], *anna.history[:2]]
    assert kinds(anna, canaries) == {Kind.OUT_OF_ORDER}


def test_an_answer_that_does_not_follow_its_message_is_told_of(
    anna: Account, canaries: Canaries
) -> None:
    first, first_reply, second, second_reply = anna.history
    anna.history = [first, second, first_reply, second_reply]
    assert kinds(anna, canaries) == {Kind.OUT_OF_ORDER}


def test_two_tabs_with_different_events_under_one_number_are_told_of(
    anna: Account, canaries: Canaries
) -> None:
    place = run_of(2).start + 2
    changed = orjson.loads(anna.tabs[1][place]) | {"delta": "Nev"}
    anna.tabs[1][place] = orjson.dumps(changed).decode()
    assert kinds(anna, canaries) == {Kind.OUT_OF_ORDER, Kind.LOST}


def test_an_answer_that_was_shown_as_that_of_another_message_is_told_of(
    anna: Account, canaries: Canaries
) -> None:
    swapped = [other(m) for m in anna.history]
    for reply, answers in ((swapped[1], "m2"), (swapped[3], "m1")):
        reply.additional_kwargs = reply.additional_kwargs | {marks.ANSWERS: answers}
    anna.history = swapped
    assert kinds(anna, canaries) == {Kind.OUT_OF_ORDER}


# --- transcript -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda copies: copies.pop(3),
        lambda copies: copies.update({4: copies[3]}),
        lambda copies: copies.update({1: copies[3], 3: copies[1]}),
        lambda copies: copies[1]["data"].update(content="Other words."),
    ],
    ids=["missing", "one too many", "swapped", "other words"],
)
def test_a_transcript_that_is_not_the_history_is_told_of(
    change: Any, anna: Account, canaries: Canaries
) -> None:
    anna.transcript = dict(enumerate(map(message_to_dict, anna.history)))
    change(anna.transcript)
    assert Kind.TRANSCRIPT in kinds(anna, canaries)


# --- streams ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "missing", [0, 1, 4], ids=["RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_END"]
)
def test_a_run_without_one_of_its_parts_is_told_of(
    missing: int, anna: Account, canaries: Canaries
) -> None:
    for tab in anna.tabs:
        del tab[run_of(2).start + missing]
    assert Kind.STREAM in kinds(anna, canaries)


def test_a_number_that_comes_late_is_told_of(anna: Account, canaries: Canaries) -> None:
    tab, place = anna.tabs[0], run_of(2).start + 2
    tab[place], tab[place + 1] = tab[place + 1], tab[place]
    assert Kind.STREAM in kinds(anna, canaries)


def test_a_frame_that_is_no_event_is_told_of(anna: Account, canaries: Canaries) -> None:
    anna.tabs[0].append('{"type": "RUN_STARTED"}')
    assert kinds(anna, canaries) == {Kind.STREAM}


# --- what is no fault -------------------------------------------------------------------------


def snapshot_of(*turns: Turn) -> list[events.Event]:
    return [
        message
        for turn in turns
        for message in (
            {"id": f"m{turn.number}", "role": "user", "content": turn.said},
            {"id": f"a{turn.number}", "role": "assistant", "content": turn.answer},
        )
        if message["content"]
    ]


def test_a_tab_that_comes_back_in_the_middle_and_takes_the_snapshot_is_no_fault(
    anna: Account, canaries: Canaries
) -> None:
    # Cut after the first words of the second answer; the snapshot says what waits, and the running
    # turn's events come again.
    tab, run = anna.tabs[1], run_of(2)
    waiting = Turn(2, "When?", "")
    again = snapshots(snapshot_of(anna.turns[0], waiting), 12)
    anna.tabs[1] = tab[: run.start + 3] + again + tab[run.start :]
    assert faults(anna.witness(), canaries) == []


def test_a_tab_that_comes_back_and_resumes_without_a_snapshot_is_no_fault(
    anna: Account, canaries: Canaries
) -> None:
    tab, place = anna.tabs[1], run_of(2).start + 3
    anna.tabs[1] = tab[:place] + tab[place - 2 :]
    assert faults(anna.witness(), canaries) == []


def test_a_turn_that_begins_again_after_its_process_died_is_no_fault(
    anna: Account, canaries: Canaries
) -> None:
    dead, turn = events.Run("thread", "dead"), anna.turns[1]
    said = [
        *anna.turns[0].acknowledged(),
        *anna.turns[0].answered(),
        *turn.acknowledged(),
        dead.started(),
        dead.text_start("half"),
        dead.text("half", "To"),
        dead.error("stale_turn", "The answer was interrupted."),
        *turn.answered(),
    ]
    anna.tabs = [snapshots() + frames(said)] * 2
    assert faults(anna.witness(), canaries) == []


def test_an_answer_that_was_stopped_is_no_fault(anna: Account, canaries: Canaries) -> None:
    turn, run = anna.turns[1], events.Run("thread", "r2")
    cut = other(anna.history[3], content="To")
    cut.additional_kwargs = cut.additional_kwargs | {marks.CUT: True}
    anna.history[3] = cut
    said = [
        *anna.turns[0].acknowledged(),
        *anna.turns[0].answered(),
        *turn.acknowledged(),
        run.started(),
        run.text_start("a2"),
        run.text("a2", "To"),
        run.text_end("a2"),
        run.finished("cancelled"),
    ]
    anna.tabs = [snapshots() + frames(said)] * 2
    assert faults(anna.witness(), canaries) == []


def test_a_message_that_waits_while_another_is_answered_is_no_fault(
    anna: Account, canaries: Canaries
) -> None:
    first, second = anna.turns
    said = [
        *first.acknowledged(),
        *first.answered()[:3],
        *second.acknowledged(),
        *first.answered()[3:],
        *second.answered(),
    ]
    anna.tabs = [snapshots() + frames(said)] * 2
    witness = anna.witness()
    assert faults(witness, canaries) == []
    assert witness.screens[0].answers == {"a1": "m1", "a2": "m2"}


def test_tool_messages_belong_to_the_answer_of_their_message(
    anna: Account, canaries: Canaries
) -> None:
    call = {"name": "list_orders", "args": {}, "id": "c1", "type": "tool_call"}
    anna.history.insert(1, AIMessage("", id="t1", tool_calls=[call]))
    assert faults(anna.witness(), canaries) == []


def test_a_screen_shows_what_a_page_shows(anna: Account) -> None:
    screen = screen_of(anna.tabs[0])
    assert screen.users == {"m1": "Where is it?", "m2": "When?"}
    assert screen.replies == {"a1": "On its way.", "a2": "Today."}
    assert screen.answered == {"m1": "success", "m2": "success"}
    assert screen.running is None
