"""The demo shop's help articles: Markdown files, as ``import_articles`` takes them."""

from pathlib import Path

from chat.help import files
from chat.help.models import HelpArticle

FOLDER = Path(__file__).parent / "help"


def articles() -> list[HelpArticle]:
    """All of them, not saved."""
    return [files.read(path) for path in files.find(FOLDER)]
