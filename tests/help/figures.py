"""How well the help articles are found, and what it costs: ``python -m tests.help.figures``."""

import os
import time

import django

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "supportbot.settings",
    "DEBUG": "True",
    "DATABASE_URL": "sqlite://:memory:",
}
django.setup()

from chat.help.index import Index  # noqa: E402 the models want Django to be set up
from tests.help.shelf import foreign, library, measure, questions  # noqa: E402

ARTICLES = 1_000


def main() -> None:
    """Prints the figures of docs/assistant.md."""
    for name, others in (("questions", "foreign"), ("held_out", "held_out_foreign")):
        asked, not_ours = questions(name), foreign(others)
        figures = measure(asked, not_ours)
        print(
            f"{name}: of {len(asked)} questions {figures.first:.0%} found their article first,"
            f" {figures.among_three:.0%} among the first three; of {len(not_ours)} foreign ones"
            f" {figures.nothing:.0%} found nothing"
        )
    began = time.process_time()
    large = Index()
    for number in range(ARTICLES):
        article = library()[number % len(library())]
        large.put(article._replace(pk=number, slug=f"{article.slug}-{number}"))
    built = time.process_time()
    asked = questions("questions")
    for question in asked:
        large.find(question.ask, ["en"])
    searched = time.process_time()
    print(
        f"{ARTICLES:,} articles: {built - began:.2f} s CPU to read them,"
        f" {1000 * (searched - built) / len(asked):.2f} ms CPU a question"
    )


if __name__ == "__main__":
    main()
