"""Articles from a folder of files into the database, as often as one likes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from django.db import transaction

from chat.help import files
from chat.help.markdown import own_links
from chat.help.models import HelpArticle

# What the versions of imported articles bear as the reason of the change.
REASON = "import_articles"
COMPARED = ("title", "body", "published")


class Outcome(StrEnum):
    """What became of a file."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    BAD = "bad"


@dataclass
class Report:
    """What an import did."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    kept: list[str] = field(default_factory=list)  # in the database and not in the folder
    unpublished: list[str] = field(default_factory=list)


def import_articles(
    folder: Path,
    *,
    dry_run: bool = False,
    unpublish: bool = False,
    on_note: Callable[[str], None] = lambda line: None,
) -> Report:
    """Makes the database's articles what the files say; files are told by slug and language.

    Bad files are left out and told to ``on_note``, line by line, as are links to articles that are
    not there. What staff changed in the admin is overwritten where there is a file, and stays among
    the article's versions. ``unpublish`` takes articles off the pages that came from a file which
    is gone; never those that were written in the admin, and none while a file is bad.

    Raises:
        OSError: if the folder cannot be read.
    """
    report = Report()
    read: dict[tuple[str, str], tuple[Path, HelpArticle]] = {}
    for path in files.find(folder):
        try:
            article = files.read(path)
            key = (article.slug, article.language)
            if key in read:
                raise files.BadFile(f"has the slug and language of {read[key][0]}")
        except files.BadFile as bad:
            report.outcomes[Outcome.BAD] += 1
            on_note(f"{path}{f':{bad.line}' if bad.line else ''}: {bad.reason}")
        else:
            read[key] = (path, article)
    with transaction.atomic():
        there = {(each.slug, each.language): each for each in HelpArticle.objects.all()}
        for key, (_, article) in read.items():
            report.outcomes[_store(article, there.get(key), on_note)] += 1
        for key in sorted(there.keys() - read.keys()):
            gone = unpublish and not report.outcomes[Outcome.BAD] and _unpublish(there[key])
            (report.unpublished if gone else report.kept).append(f"{key[0]} ({key[1]})")
        slugs = set(HelpArticle.objects.filter(published=True).values_list("slug", flat=True))
        for path, article in read.values():
            for slug in sorted(own_links(article.body) - slugs):
                on_note(f"{path}: imported, but it links to /help/{slug}/, which is not there")
        transaction.set_rollback(dry_run)
    return report


def _store(new: HelpArticle, old: HelpArticle | None, on_note: Callable[[str], None]) -> Outcome:
    if old is None:
        _save(new)
        return Outcome.NEW
    if all(getattr(old, name) == getattr(new, name) for name in COMPARED):
        return Outcome.UNCHANGED
    last = old.history.first()
    if last is not None and last.history_user is not None:
        who, when = last.history_user, f"{last.history_date:%Y-%m-%d %H:%M} UTC"
        on_note(
            f"{old.slug} ({old.language}): replaces what {who} wrote on {when}; see its history"
        )
    for name in COMPARED:
        setattr(old, name, getattr(new, name))
    _save(old)
    return Outcome.UPDATED


def _unpublish(article: HelpArticle) -> bool:
    """Whether it came from a file and could still be seen."""
    if not (article.published and article.history.filter(history_change_reason=REASON).exists()):
        return False
    article.published = False
    _save(article)
    return True


def _save(article: HelpArticle) -> None:
    article._change_reason = REASON  # type: ignore[attr-defined]  # simple_history's own way
    article.save()
