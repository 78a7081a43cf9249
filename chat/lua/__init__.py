"""The Lua scripts, one a file. What several share stands in files that begin with ``_``."""

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def source(name: str) -> str:
    """The text of script ``name``, with the files that its first line says it uses before it."""
    text = (_FOLDER / f"{name}.lua").read_text()
    uses = re.match(r"-- uses (.+)\n", text)
    return "".join(source(part) for part in uses[1].split()) + text if uses else text
