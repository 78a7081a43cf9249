"""Translations share a slug, and every version of an article is kept."""

import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


def keep_what_is_there(apps, schema_editor):
    """The first version of articles that were written before: the next edit must not lose it."""
    alias = schema_editor.connection.alias
    versions = apps.get_model("help", "HistoricalHelpArticle").objects.using(alias)
    for article in apps.get_model("help", "HelpArticle").objects.using(alias).iterator():
        values = {field.name: getattr(article, field.name) for field in article._meta.fields}
        versions.create(**values, history_date=article.updated_at, history_type="+")


class Migration(migrations.Migration):

    dependencies = [
        ('help', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalHelpArticle',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('slug', models.SlugField(help_text='Its address: /help/SLUG/. Translations share it.')),
                ('title', models.CharField(max_length=200)),
                ('body', models.TextField(help_text='Markdown. A heading (##) for each question: the assistant quotes the passage below the one that fits. Link another article as [its title](/help/its-slug/).', validators=[django.core.validators.MaxLengthValidator(100000)])),
                ('language', models.CharField(default='en', help_text='BCP 47, such as en.', max_length=10, validators=[django.core.validators.RegexValidator('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\\Z', 'A code such as en, de or pt-BR.')])),
                ('published', models.BooleanField(default=True, help_text='Otherwise neither customers nor the assistant see it.')),
                ('updated_at', models.DateTimeField(blank=True, editable=False)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical help article',
                'verbose_name_plural': 'historical help articles',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AlterModelOptions(
            name='helparticle',
            options={'ordering': ('title', 'pk')},
        ),
        migrations.AlterField(
            model_name='helparticle',
            name='body',
            field=models.TextField(help_text='Markdown. A heading (##) for each question: the assistant quotes the passage below the one that fits. Link another article as [its title](/help/its-slug/).', validators=[django.core.validators.MaxLengthValidator(100000)]),
        ),
        migrations.AlterField(
            model_name='helparticle',
            name='language',
            field=models.CharField(default='en', help_text='BCP 47, such as en.', max_length=10, validators=[django.core.validators.RegexValidator('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\\Z', 'A code such as en, de or pt-BR.')]),
        ),
        migrations.AlterField(
            model_name='helparticle',
            name='published',
            field=models.BooleanField(default=True, help_text='Otherwise neither customers nor the assistant see it.'),
        ),
        migrations.AlterField(
            model_name='helparticle',
            name='slug',
            field=models.SlugField(help_text='Its address: /help/SLUG/. Translations share it.'),
        ),
        migrations.AddConstraint(
            model_name='helparticle',
            constraint=models.UniqueConstraint(fields=('slug', 'language'), name='one_help_article_for_a_slug_and_language', violation_error_message='There is an article with this slug and language already.'),
        ),
        migrations.AddField(
            model_name='historicalhelparticle',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(keep_what_is_there, migrations.RunPython.noop),
    ]
