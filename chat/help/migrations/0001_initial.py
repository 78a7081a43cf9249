"""The table is there: chat's migration 0004 has handed it over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("chat", "0004_help_articles_leave")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="HelpArticle",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        ("slug", models.CharField(max_length=50)),
                        ("title", models.CharField(max_length=200)),
                        ("body", models.TextField(help_text="Markdown.")),
                        ("language", models.CharField(default="en", help_text="BCP 47, such as en.", max_length=10)),
                        ("published", models.BooleanField(default=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={"ordering": ("title",)},
                ),
            ],
        ),
    ]
