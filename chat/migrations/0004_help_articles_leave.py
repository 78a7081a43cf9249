"""Help articles become an app of their own: the table goes there with all that is in it."""

from django.db import migrations, models


def to(app_label):
    """Permissions and the admin's log stay with the articles: they hang on the content type."""

    def move(apps, schema_editor):
        types = apps.get_model("contenttypes", "ContentType").objects
        types.using(schema_editor.connection.alias).filter(
            app_label__in=("chat", "help"), model="helparticle"
        ).update(app_label=app_label)

    return move


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0003_answers"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        # Without its indexes, which bear the old table's name; the new app makes its own.
        migrations.AlterField("helparticle", "slug", models.CharField(max_length=50)),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.AlterModelTable("helparticle", "help_helparticle")],
            state_operations=[migrations.DeleteModel("HelpArticle")],
        ),
        migrations.RunPython(to("help"), to("chat")),
    ]
