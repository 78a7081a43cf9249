"""import_articles: files become articles, as often as one likes, and bad ones do no harm."""

import os
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from chat.help.intake import REASON
from chat.help.models import BODY_CHARS, HelpArticle
from chat.management.demo.articles import FOLDER

pytestmark = pytest.mark.django_db

RETURNS = (
    "---\ntitle: Returns\nslug: returns\nlanguage: en\npublished: true\n---\nWithin 30 days.\n"
)


def put(folder: Path, name: str, content: str | bytes = RETURNS) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def run(folder: Path, *options: str) -> tuple[str, str]:
    """What it printed; an error's words are at the end of the notes."""
    out, notes = StringIO(), StringIO()
    try:
        call_command("import_articles", str(folder), *options, stdout=out, stderr=notes)
    except CommandError as error:
        assert error.returncode == 1
        notes.write(f"failed: {error}")
    return out.getvalue(), notes.getvalue()


def test_files_become_articles_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, "returns.md")
    put(tmp_path, "de/returns.md", RETURNS.replace("en", "de").replace("Returns", "Rückgabe"))
    put(tmp_path, "notes.txt", "not ours")
    put(tmp_path, ".hidden.md", "not ours")
    out, notes = run(tmp_path)
    assert (out, notes) == ("2 files: 2 new, 0 updated, 0 unchanged, 0 bad.\n", "")
    first = {article.language: article for article in HelpArticle.objects.all()}
    assert first["en"].body == "Within 30 days."
    assert first["de"].title == "Rückgabe"
    out, _ = run(tmp_path)
    assert "0 new, 0 updated, 2 unchanged" in out
    assert HelpArticle.objects.get(language="en").updated_at == first["en"].updated_at
    assert first["en"].history.count() == 1


def test_a_changed_file_updates_its_article_and_the_version_before_is_kept(tmp_path: Path) -> None:
    put(tmp_path, "returns.md")
    run(tmp_path)
    put(tmp_path, "returns.md", RETURNS.replace("30", "60"))
    out, _ = run(tmp_path)
    assert "1 updated" in out
    article = HelpArticle.objects.get()
    assert article.body == "Within 60 days."
    assert [version.body for version in article.history.all()] == [
        "Within 60 days.",
        "Within 30 days.",
    ]
    assert article.history.first().history_change_reason == REASON


def test_what_staff_wrote_is_replaced_only_where_there_is_a_file_and_that_is_said(
    tmp_path: Path,
) -> None:
    put(tmp_path, "returns.md")
    run(tmp_path)
    article = HelpArticle.objects.get()
    article.body = "Whenever you like."
    article._history_user = User.objects.create_user("sam")  # type: ignore[attr-defined]
    article.save()
    out, notes = run(tmp_path)
    assert "1 updated" in out
    assert "replaces what sam wrote" in notes
    assert article.history.filter(body="Whenever you like.").exists()


def test_defaults_are_the_files_name_the_sites_language_and_published(tmp_path: Path) -> None:
    put(tmp_path, "gift-cards.MD", "\ufeff---\r\ntitle: Gift cards\r\n---\r\n\r\nFrom 10 €.\r\n")
    run(tmp_path)
    article = HelpArticle.objects.get()
    assert (article.slug, article.language, article.published) == ("gift-cards", "en", True)
    assert article.body == "From 10 €."


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (b"", ":1", "does not begin with ---"),
        (b"# Returns\n", ":1", "does not begin with ---"),
        (b"---\ntitle: Returns\nWithin 30 days.\n", ":1", "has no end"),
        (b"---\ntitle: [\n---\nx\n", ":", "is no YAML"),
        (b"---\n- title\n---\nx\n", ":1", "no lines such as title: Returns"),
        (b"---\n---\nx\n", ":1", "no lines such as title: Returns"),
        (b"---\ntitle: A\npublised: no\n---\nx\n", ":3", "does not know the field 'publised'"),
        (b"---\ntitle: A\ntitle: B\n---\nx\n", ":3", "title stands there twice"),
        (b"---\ntitle: 2026\n---\nx\n", ":2", "title is to be text; put it in quotes"),
        (b"---\ntitle: A\nlanguage: no\n---\nx\n", ":3", "language is to be text; put it in"),
        (b'---\ntitle: A\npublished: "yes"\n---\nx\n', ":3", "published is to be true or false"),
        (b"---\ntitle: A\nlanguage: German\n---\nx\n", ":3", "language: A code such as en"),
        (b"---\ntitle: A\nslug: a b\n---\nx\n", ":3", "slug: "),
        (b"---\nslug: a\n---\nx\n", ":1", "title: "),
        (b"---\ntitle: A\n---\n \n", ":4", "has no text"),
        (b"---\ntitle: \xff\n---\nx\n", ":2", "is not in UTF-8"),
        (b"---\ntitle: A\n---\nx\x00y\n", ":4", "is not text"),
        (b"---\ntitle: " + b"A" * 201 + b"\n---\nx\n", ":2", "title: "),
        (b"---\ntitle: A\n---\n" + b"x" * (BODY_CHARS + 1), ":4", "body: "),
        (b"---\ntitle: A\n---\n" + b"x" * (4 * BODY_CHARS), ": ", "is larger than 400,000 bytes"),
        (b"---\ntitle: " + b"[" * 5_000 + b"\n---\nx\n", ":", "is no YAML"),
        (b"---\ntitle: !!python/object:os.system x\n---\nx\n", ":2", "is no YAML"),
        (b"---\n? [a, b]\n: c\n---\nx\n", ":2", "is no YAML: found unhashable key"),
    ],
)
def test_a_bad_file_is_told_with_place_and_reason_and_the_good_ones_go_in(
    tmp_path: Path, content: bytes, place: str, reason: str
) -> None:
    bad = put(tmp_path, "bad.md", content)
    put(tmp_path, "returns.md")
    out, notes = run(tmp_path)
    [line, *_] = notes.splitlines()
    assert line.startswith(f"{bad}{place}")
    assert reason in line
    assert "1 new, 0 updated, 0 unchanged, 1 bad" in out
    assert "failed: bad files: 1" in notes
    assert HelpArticle.objects.get().slug == "returns"


def test_links_pipes_and_what_cannot_be_read_are_told_and_not_followed(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside/secret.md")
    folder = tmp_path / "articles"
    put(folder, "returns.md")
    (folder / "link.md").symlink_to(outside)
    (folder / "linked").symlink_to(outside.parent)
    (folder / "gone.md").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.md")
    out, notes = run(folder)
    assert "1 new" in out
    assert "4 bad" in out
    for name in ("link.md", "linked", "gone.md", "pipe.md"):
        assert f"{folder / name}: is a link, or no file" in notes


def test_of_two_files_for_one_article_the_second_is_bad(tmp_path: Path) -> None:
    first = put(tmp_path, "a.md")
    put(tmp_path, "b.md", RETURNS.replace("30", "60"))
    _, notes = run(tmp_path)
    assert f"b.md: has the slug and language of {first}" in notes
    assert HelpArticle.objects.get().body == "Within 30 days."


def test_a_dry_run_tells_all_of_it_and_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, "returns.md")
    put(tmp_path, "bad.md", "x")
    out, notes = run(tmp_path, "--dry-run")
    assert out.startswith("Dry run, nothing was changed. 2 files: 1 new")
    assert "bad.md:1" in notes
    assert "failed" in notes
    assert not HelpArticle.objects.exists()


def test_what_is_not_in_the_folder_is_named_and_kept(tmp_path: Path) -> None:
    put(tmp_path, "returns.md")
    HelpArticle.objects.create(slug="dogs", title="Dogs", body="Welcome.")
    out, _ = run(tmp_path)
    assert "left as they are: dogs (en)." in out
    assert HelpArticle.objects.get(slug="dogs").published


def test_asked_to_it_unpublishes_what_came_from_a_file_and_never_what_staff_wrote(
    tmp_path: Path,
) -> None:
    HelpArticle.objects.create(slug="dogs", title="Dogs", body="Welcome.")
    put(tmp_path, "returns.md")
    gone = put(tmp_path, "payment.md", RETURNS.replace("returns", "payment"))
    run(tmp_path)
    gone.unlink()
    broken = put(tmp_path, "bad.md", "x")
    assert "Unpublished" not in run(tmp_path, "--unpublish")[0]
    broken.unlink()
    out, _ = run(tmp_path, "--unpublish")
    assert "Unpublished, for their files are gone: payment (en)." in out
    assert "left as they are: dogs (en)." in out
    published = HelpArticle.objects.filter(published=True).values_list("slug", flat=True)
    assert set(published) == {"returns", "dogs"}


def test_a_link_to_an_article_that_is_not_there_is_told(tmp_path: Path) -> None:
    put(tmp_path, "returns.md", RETURNS + "See [Refunds](/help/refunds/) and [us](/help/returns/).")
    out, notes = run(tmp_path)
    assert "1 new" in out
    assert "links to /help/refunds/, which is not there" in notes
    assert "/help/returns/" not in notes


@pytest.mark.parametrize("folder", ["nowhere", "empty", "returns.md"])
def test_a_folder_that_has_nothing_for_it_is_an_error(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    put(tmp_path, "returns.md")
    _, notes = run(tmp_path / folder)
    assert notes.startswith(f"failed: {tmp_path / folder}: ")


def test_the_demos_articles_are_good_and_their_links_lead_somewhere() -> None:
    out, notes = run(FOLDER)
    assert " 0 bad" in out
    assert notes == ""
    assert HelpArticle.objects.filter(published=True).count() >= 12
