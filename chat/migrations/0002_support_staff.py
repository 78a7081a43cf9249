"""The group "support staff": may read transcripts and orders, and nothing more."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

READS = {
    "chat": ("chatsession", "transcriptmessage", "feedback", "handoffrequest"),
    "orders": ("order", "orderline", "shipment", "shipmentline", "trackingevent"),
}


def make_group(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    group, _ = Group.objects.get_or_create(name="support staff")
    for label, models in READS.items():
        # Permissions are made after all migrations, which is too late for this one.
        app = apps.get_app_config(label)
        app.models_module = True
        create_permissions(app, verbosity=0, apps=apps)
        app.models_module = None
        group.permissions.add(
            *Permission.objects.filter(
                content_type__app_label=label,
                codename__in=[f"view_{model}" for model in models],
            )
        )


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0001_initial"),
        ("orders", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_group, migrations.RunPython.noop)]
