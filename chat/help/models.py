"""The shop's help articles: what the assistant quotes and customers read under /help/."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.urls import reverse
from simple_history.models import HistoricalRecords

BODY_CHARS = 100_000


class HelpArticle(models.Model):
    """What the shop has written about one of its rules, in one language.

    Translations share a slug. Every process's search notices a change by ``updated_at``, which
    ``save`` sets: whoever writes with ``QuerySet.update`` has to set it too.
    """

    slug = models.SlugField(help_text="Its address: /help/SLUG/. Translations share it.")
    title = models.CharField(max_length=200)
    body = models.TextField(
        validators=[MaxLengthValidator(BODY_CHARS)],
        help_text="Markdown. A heading (##) for each question: the assistant quotes the passage"
        " below the one that fits. Link another article as [its title](/help/its-slug/).",
    )
    language = models.CharField(
        max_length=10,
        default="en",
        validators=[
            RegexValidator(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", "A code such as en, de or pt-BR.")
        ],
        help_text="BCP 47, such as en.",
    )
    published = models.BooleanField(
        default=True, help_text="Otherwise neither customers nor the assistant see it."
    )
    updated_at = models.DateTimeField(auto_now=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ("title", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["slug", "language"],
                name="one_help_article_for_a_slug_and_language",
                violation_error_message="There is an article with this slug and language already.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Browsers send \r\n: the same text from a form and from a file is to be the same.
        self.body = self.body.replace("\r\n", "\n")
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """Its public page; that of a translation names the language."""
        return address(self.slug, self.language)


def address(slug: str, language: str) -> str:
    """The path of an article's public page."""
    path = reverse("help-article", args=[slug])
    own = language == settings.LANGUAGE_CODE
    return path if own else f"{path}?{urlencode({'language': language})}"
