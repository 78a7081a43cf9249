"""The search of a process: as fresh as the database, for any number of threads."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from chat.help.models import HelpArticle
from chat.help.search import TRUE_FOR, Search
from chat.tools.help import search_help

pytestmark = pytest.mark.django_db


def write(slug: str, body: str, **fields: object) -> HelpArticle:
    return HelpArticle.objects.create(slug=slug, title=slug.title(), body=body, **fields)


@pytest.fixture
def search() -> Search:
    """One that asks the database each time."""
    return Search(true_for=0)


def found(search: Search, question: str) -> list[str]:
    return [hit.slug for hit in search.find(question)]


def test_edits_unpublishing_and_deleting_show_at_once_when_the_database_is_asked(
    search: Search,
) -> None:
    dogs = write("dogs", "Dogs are welcome.")
    assert found(search, "may dogs come") == ["dogs"]
    dogs.body = dogs.title = "Parrots are welcome."
    dogs.save()
    assert found(search, "may dogs come") == []
    assert found(search, "may parrots come") == ["dogs"]
    dogs.published = False
    dogs.save()
    assert found(search, "may parrots come") == []
    dogs.published = True
    dogs.save()
    assert found(search, "may parrots come") == ["dogs"]
    dogs.delete()
    assert found(search, "may parrots come") == []


def test_a_draft_is_never_found(search: Search) -> None:
    write("gold", "Refunds are paid in gold.", published=False)
    assert found(search, "gold") == []


def test_an_edit_that_was_made_earlier_and_committed_later_shows_too(search: Search) -> None:
    """A newest time and a count would not show it."""
    write("newer", "Cats are welcome.")
    late = write("late", "Dogs are welcome.")
    found(search, "dogs")
    late.title, late.body = "Late", "Parrots are welcome."
    late.save()
    HelpArticle.objects.filter(pk=late.pk).update(updated_at=timezone.now() - timedelta(seconds=30))
    assert found(search, "parrots") == ["late"]


def test_one_that_goes_while_another_comes_with_the_same_time_shows_too(search: Search) -> None:
    old = write("old", "Dogs are welcome.")
    found(search, "dogs")
    at = old.updated_at
    old.delete()
    new = write("new", "Parrots are welcome.")
    HelpArticle.objects.filter(pk=new.pk).update(updated_at=at)
    assert found(search, "dogs") == []
    assert found(search, "parrots") == ["new"]


def test_the_database_is_asked_once_a_second_at_most_and_only_for_what_changed(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    assert TRUE_FOR <= 1
    search = Search(true_for=3600)
    dogs = write("dogs", "Dogs are welcome.")
    write("cats", "Cats are welcome.")
    with django_assert_num_queries(2):
        found(search, "dogs")
    with django_assert_num_queries(0):
        found(search, "dogs")
    search.expire()
    dogs.save()
    with django_assert_num_queries(2) as asked:
        found(search, "dogs")
    assert asked.captured_queries[1]["sql"].count("IN (") == 1


def test_many_articles_are_read_in_one_query_and_not_by_their_keys(
    search: Search, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    HelpArticle.objects.bulk_create(
        HelpArticle(slug=f"a{n}", title=f"Rutabaga{n}", body="x", updated_at=timezone.now())
        for n in range(1_100)
    )
    with django_assert_num_queries(2):
        assert found(search, "rutabaga1077") == ["a1077"]


@pytest.mark.django_db(transaction=True)
def test_threads_that_search_while_articles_change_find_what_is_there(search: Search) -> None:
    article = write("dogs", "Dogs are welcome.")
    wrong: list[object] = []
    over = threading.Event()

    def ask() -> None:
        try:
            while not over.is_set():
                if found(search, "may dogs come") not in (["dogs"], []):
                    wrong.append("something else")
        except Exception as error:  # noqa: BLE001 whatever it is, the test shows it
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(12):
        article.published = bool(number % 2)
        article.save()
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert found(search, "may dogs come") == ["dogs"]


def test_with_the_database_away_nothing_is_answered_from_memory_and_after_it_all_is_as_before(
    search: Search,
) -> None:
    """What was true then may not be now; the tools say that they cannot look it up."""

    def away(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    write("dogs", "Dogs are welcome.")
    assert found(search, "dogs") == ["dogs"]
    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        search.find("dogs")
    write("parrots", "Parrots are welcome.")
    assert found(search, "parrots") == ["parrots"]


def test_the_tool_tells_slug_title_address_passage_and_text() -> None:
    write("dogs", "## Pets\n\nDogs are **welcome**.")
    facts = json.loads(search_help("may dogs come")[0])
    assert facts["articles"] == [
        {
            "slug": "dogs",
            "title": "Dogs",
            "url": "/help/dogs/",
            "heading": "Pets",
            "passage": "Dogs are welcome.",
            "text": "## Pets\n\nDogs are **welcome**.",
        }
    ]
    assert "note" not in facts


def test_the_tool_says_when_nothing_is_written() -> None:
    facts = json.loads(search_help("may dogs come")[0])
    assert facts["articles"] == []
    assert "nothing" in facts["note"]


def test_what_is_not_committed_is_not_found_by_others(search: Search) -> None:
    with transaction.atomic():
        write("dogs", "Dogs are welcome.")
        transaction.set_rollback(True)
    assert found(search, "dogs") == []
    assert connection.is_usable()
