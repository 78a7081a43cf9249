"""Answers that the guard withheld; support staff read them too."""

import django.db.models.deletion
from django.contrib.auth.management import create_permissions
from django.db import migrations, models


def let_staff_read(apps, schema_editor):
    app = apps.get_app_config("chat")
    app.models_module = True
    create_permissions(app, verbosity=0, apps=apps)
    app.models_module = None
    may = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="chat", codename="view_withheld"
    )
    # A shop may have renamed or deleted it.
    for group in apps.get_model("auth", "Group").objects.filter(name="support staff"):
        group.permissions.add(may)


class Migration(migrations.Migration):
    dependencies = [("chat", "0004_help_articles_leave")]

    operations = [
        migrations.CreateModel(
            name="Withheld",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("run_id", models.CharField(max_length=64)),
                ("kind", models.CharField(help_text="What it held, such as an order number.", max_length=64)),
                ("text", models.TextField(help_text="The answer as far as the model had said it. Nobody saw it.")),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("session", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="withheld", to="chat.chatsession")),
            ],
            options={"verbose_name_plural": "withheld answers", "ordering": ("-created_at",)},
        ),
        migrations.RunPython(let_staff_read, migrations.RunPython.noop),
    ]
