"""The group "help writers": may write help articles, look at them as customers will, and restore."""

from django.contrib.auth.management import create_permissions
from django.db import migrations


def make_group(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    # Permissions are made after all migrations, which is too late for this one.
    app = apps.get_app_config("help")
    app.models_module = True
    create_permissions(app, verbosity=0, apps=apps)
    app.models_module = None
    group, _ = Group.objects.get_or_create(name="help writers")
    group.permissions.add(*Permission.objects.filter(content_type__app_label="help"))


class Migration(migrations.Migration):
    dependencies = [
        ("help", "0002_versions"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_group, migrations.RunPython.noop)]
