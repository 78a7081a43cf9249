"""The help pages: for everybody, in their language, and nobody's name in a cache."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from chat.help.models import HelpArticle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _articles(db: None) -> None:
    for slug, title, body, language, published in (
        ("returns", "Returns", "## How?\n\nWithin **30** days.<script>x</script>", "en", True),
        ("returns", "Rückgabe", "Binnen 30 Tagen.", "de", True),
        ("konto", "Ihr Konto", "Das Passwort ändern Sie selbst.", "de", True),
        ("draft", "Refunds in gold", "Gold.", "en", False),
    ):
        HelpArticle.objects.create(
            slug=slug, title=title, body=body, language=language, published=published
        )


def person(name: str) -> Client:
    client = Client()
    if name == "customer":
        client.force_login(User.objects.create_user("alice"))
    if name == "staff":
        client.force_login(User.objects.create_superuser("sam"))
    return client


@pytest.mark.parametrize("who", ["stranger", "customer", "staff"])
def test_everybody_reads_what_is_published_and_nobody_what_is_not(who: str) -> None:
    client = person(who)
    listed = client.get("/help/").text
    assert "Returns" in listed
    assert "gold" not in listed
    page = client.get("/help/returns/")
    assert "Within <strong>30</strong> days." in page.text
    assert "<script>x" not in page.text
    for slug in ("draft", "nowhere"):
        assert client.get(f"/help/{slug}/").status_code == 404
    assert "gold" not in client.get("/help/?q=gold").text.replace("“gold”", "").replace(
        'value="gold"', ""
    ).replace("<title>gold", "")


@pytest.mark.parametrize(
    ("accepts", "asked", "title", "language"),
    [
        ("", "", "Returns", "en"),
        ("de-AT,de;q=0.9,en;q=0.5", "", "Rückgabe", "de"),
        ("fr", "", "Returns", "en"),
        ("de", "?language=en", "Returns", "en"),
        ("en", "?language=de", "Rückgabe", "de"),
        ("en", "?language=%00", "Returns", "en"),
    ],
)
def test_readers_get_their_language_or_the_sites(
    client: Client, accepts: str, asked: str, title: str, language: str
) -> None:
    page = client.get(f"/help/returns/{asked}", headers={"Accept-Language": accepts})
    assert f"<h1>{title}</h1>" in page.text
    assert f'<article lang="{language}">' in page.text
    assert page["Content-Language"] == language
    assert "Accept-Language" in page["Vary"]


def test_an_article_in_another_language_only_is_better_than_none(client: Client) -> None:
    assert "Ihr Konto" in client.get("/help/").text
    assert "Das Passwort" in client.get("/help/konto/").text


def test_a_search_shows_the_passage_that_answers_with_its_article(client: Client) -> None:
    page = client.get("/help/", {"q": "how can I send something back?"}).text
    assert '<a href="/help/returns/">Returns</a>' in page
    assert "Within 30 days." in page
    assert "noindex" in page
    german = client.get("/help/", {"q": "Passwort vergessen"}).text
    assert 'href="/help/konto/?language=de"' in german


def test_a_search_that_finds_nothing_says_so_and_shows_what_there_is(client: Client) -> None:
    page = client.get("/help/", {"q": "<b>rutabaga</b>"}).text
    assert "We have written nothing about" in page
    assert "<b>rutabaga" not in page
    assert "Returns" in page
    assert client.get("/help/", {"q": "x" * 5_000}).status_code == 200
    assert client.get("/help/", {"q": "\x00"}).status_code == 200


def test_caches_may_keep_what_all_see_and_nothing_with_a_name() -> None:
    for address in ("/help/", "/help/returns/", "/help/?q=returns"):
        page = person("stranger").get(address)
        assert page["Cache-Control"] == "public, max-age=60"
        assert "Cookie" in page["Vary"]
        assert not page.cookies
    page = person("customer").get("/help/returns/")
    assert page["Cache-Control"] == "private, no-cache"
    assert "Cookie" in page["Vary"]


def test_they_can_be_read_and_nothing_else(client: Client) -> None:
    for address in ("/help/", "/help/returns/"):
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405


def test_every_page_of_the_shop_leads_to_the_help(client: Client) -> None:
    for address in ("/", "/accounts/login/", "/help/"):
        assert 'href="/help/"' in client.get(address).text
