"""The demo shop's help articles, or another folder's: files as ``import_articles`` takes them."""

from pathlib import Path

from chat.help import files
from chat.help.models import HelpArticle

FOLDER = Path(__file__).parent / "help"


def articles(folder: Path = FOLDER) -> list[HelpArticle]:
    """All of them, not saved.

    Raises:
        OSError: the folder cannot be read.
        chat.help.files.BadFile: a file in it is no article; says where.
    """
    found = []
    for path in files.find(folder):
        try:
            found.append(files.read(path))
        except files.BadFile as error:
            raise files.BadFile(f"{path}:{error.line or 1}: {error.reason}", error.line) from None
    return found
