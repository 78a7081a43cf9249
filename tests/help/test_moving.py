"""Installations from before help articles had an app of their own lose nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from chat.help.models import HelpArticle

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("chat", "0003_answers"), ("help", None)]


def migrate(targets: list[Any]) -> Any:
    """The models as they were after these migrations."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(
        [target for target in targets if target[1] is not None]
    ).apps


@pytest.fixture
def before() -> Iterator[Any]:
    later = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield migrate(BEFORE)
    MigrationExecutor(connection).migrate(later)
    # What other tests find in a database that was made at once.
    call_command("migrate", verbosity=0)


def test_articles_their_permissions_and_the_admins_log_move_along(before: Any) -> None:
    old = before.get_model("chat", "HelpArticle").objects.create(
        slug="returns", title="Returns", body="Within 30 days.", language="en", published=False
    )
    content = before.get_model("contenttypes", "ContentType").objects
    kind, _ = content.get_or_create(app_label="chat", model="helparticle")

    call_command("migrate", verbosity=0)

    moved = HelpArticle.objects.get()
    assert (moved.pk, moved.slug, moved.title) == (old.pk, "returns", "Returns")
    assert (moved.body, moved.published) == ("Within 30 days.", False)
    assert moved.updated_at == old.updated_at
    [version] = moved.history.all()
    assert (version.body, version.history_type) == ("Within 30 days.", "+")
    from django.contrib.contenttypes.models import ContentType

    ContentType.objects.clear_cache()
    assert ContentType.objects.get_for_model(HelpArticle).pk == kind.pk
    assert not ContentType.objects.filter(app_label="chat", model="helparticle").exists()
    HelpArticle.objects.create(slug="returns", title="Rückgabe", body="30 Tage.", language="de")
    assert HelpArticle.objects.count() == 2


def test_the_way_back_keeps_the_articles_too(before: Any) -> None:
    call_command("migrate", verbosity=0)
    HelpArticle.objects.create(slug="returns", title="Returns", body="Within 30 days.")
    assert migrate(BEFORE).get_model("chat", "HelpArticle").objects.get().slug == "returns"
