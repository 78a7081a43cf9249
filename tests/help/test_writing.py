"""The admin for those who write articles: preview, versions, warnings; for nobody else."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from chat.help.models import HelpArticle

pytestmark = pytest.mark.django_db

LIST = "/admin/help/helparticle/"
ADD = f"{LIST}add/"
PREVIEW = f"{LIST}preview/"
WRITTEN = {"title": "Returns", "slug": "returns", "body": "Within 30 days.", "language": "en"}
PUBLISHED = {**WRITTEN, "published": "on"}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def writer() -> Client:
    """Staff who may write articles and do nothing else."""
    user = User.objects.create_user("wanda", is_staff=True)
    user.groups.add(Group.objects.get(name="help writers"))
    return client_of(user)


def support() -> User:
    user = User.objects.create_user("sam", is_staff=True)
    user.groups.add(Group.objects.get(name="support staff"))
    return user


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: User.objects.create_user("alice"), 302),
        (support, 403),
        (lambda: User.objects.create_superuser("boss"), 200),
    ],
)
def test_customers_and_support_staff_neither_write_nor_preview_nor_read_versions(
    make: Callable[[], User], status: int
) -> None:
    article = HelpArticle.objects.create(slug="a", title="A", body="x", published=False)
    version = article.history.get()
    client = client_of(make())
    for address in (
        ADD,
        f"{LIST}{article.pk}/history/",
        f"{LIST}{article.pk}/history/{version.pk}/",
    ):
        assert client.get(address).status_code == status
    assert client.post(PREVIEW, WRITTEN).status_code == status
    assert client.get(PREVIEW).status_code == (
        405 if status == 200 else 302 if status == 302 else 405
    )


def test_the_preview_shows_what_customers_will_see_and_saves_nothing(writer: Client) -> None:
    page = writer.post(PREVIEW, {**WRITTEN, "body": "## How?\n\n**Now** <b>x</b>"}).text
    assert "This is a preview" in page
    assert "<h1>Returns</h1>" in page
    assert "<h2>How?</h2>" in page
    assert "<strong>Now</strong> &lt;b&gt;x" in page
    assert not HelpArticle.objects.exists()
    assert 'formaction="/admin/help/helparticle/preview/"' in writer.get(ADD).text
    assert writer.post(PREVIEW, {}).status_code == 200


def test_an_older_version_is_read_with_its_writer_and_restored(writer: Client) -> None:
    writer.post(ADD, PUBLISHED)
    article = HelpArticle.objects.get()
    page = f"{LIST}{article.pk}/"
    writer.post(f"{page}change/", {**PUBLISHED, "body": "Within 3 days."})
    article.refresh_from_db()
    assert article.body == "Within 3 days."
    listed = writer.get(f"{page}history/").text
    assert listed.count("wanda") >= 2
    first = article.history.earliest()
    assert "Within 30 days." in writer.get(f"{page}history/{first.pk}/").text
    writer.post(f"{page}history/{first.pk}/", PUBLISHED)
    article.refresh_from_db()
    assert article.body == "Within 30 days."
    assert [version.body for version in article.history.all()] == [
        "Within 30 days.",
        "Within 3 days.",
        "Within 30 days.",
    ]


def test_a_deleted_article_can_be_restored_from_its_history(writer: Client) -> None:
    writer.post(ADD, PUBLISHED)
    article = HelpArticle.objects.get()
    page, version = f"{LIST}{article.pk}/", article.history.get().pk
    writer.post(f"{page}delete/", {"post": "yes"})
    assert not HelpArticle.objects.exists()
    writer.post(f"{page}history/{version}/", PUBLISHED)
    assert HelpArticle.objects.get().body == "Within 30 days."


def test_links_to_nothing_and_foreign_images_are_warned_of_and_saved(writer: Client) -> None:
    body = "[x](/help/refunds/) [y](/help/returns/) ![z](https://elsewhere.example/z.png)"
    page = writer.post(ADD, {**PUBLISHED, "body": body}, follow=True).text
    assert "links to what is not there: /help/refunds/" in page
    assert "https://elsewhere.example/z.png" in page
    assert HelpArticle.objects.exists()
    clean = writer.post(ADD, {**PUBLISHED, "slug": "refunds"}, follow=True).text
    assert "links to what is not there" not in clean


def test_translations_share_a_slug_and_a_language_has_it_once(writer: Client) -> None:
    writer.post(ADD, PUBLISHED)
    writer.post(ADD, {**PUBLISHED, "language": "de"})
    again = writer.post(ADD, PUBLISHED)
    assert "There is an article with this slug and language already." in again.text
    assert HelpArticle.objects.count() == 2
    assert "A code such as en" in writer.post(ADD, {**PUBLISHED, "language": "English"}).text


def test_the_list_is_searched_and_filtered_and_leads_to_the_page(writer: Client) -> None:
    writer.post(ADD, PUBLISHED)
    writer.post(ADD, {**WRITTEN, "slug": "draft", "title": "Draft", "language": "de"})

    def found(query: str) -> set[str]:
        return {each.slug for each in writer.get(LIST + query).context["cl"].result_list}

    assert found("?q=30+days") == {"returns", "draft"}
    assert found("?published__exact=1") == {"returns"}
    assert found("?language=de") == {"draft"}
    pages = {each.slug: f"{LIST}{each.pk}/change/" for each in HelpArticle.objects.all()}
    assert 'href="/help/returns/"' in writer.get(pages["returns"]).text
    assert "/help/draft/" not in writer.get(pages["draft"]).text
