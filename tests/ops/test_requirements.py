"""requirements.txt names exactly what the code uses, pinned, each with its reason."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest

from supportbot import env

LINE = re.compile(r"(?P<name>[a-z0-9-]+)(\[[a-z,-]+\])?==[\w.]+ +# \S.{10,}")

# Makes files that ship; nothing that runs imports it.
FOR_DEVELOPERS = env.ROOT / "chat/llm/offline/training"

# Used without an import of ours: a plug-in that somebody else loads by name.
LOADED_BY_NAME = {
    "hiredis",  # by redis-py, when it is there
    "uvloop",  # by uvicorn, told in supportbot/server.py
    "httptools",
    "websockets",
    "channels-redis",  # by Channels, told in the settings
    "psycopg",  # by Django, told in DATABASE_URL
    "argon2-cffi",  # by Django's hasher, told in PASSWORD_HASHERS
    "djangorestframework",  # by Django, told in INSTALLED_APPS
}


def requirements(name: str) -> list[str]:
    lines = (env.ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_line_has_an_exact_version_and_a_reason(name: str) -> None:
    assert [line for line in requirements(name) if not LINE.fullmatch(line)] == []


def test_what_the_code_imports_is_required_and_nothing_else_is() -> None:
    listed = {line.split("==")[0].split("[")[0] for line in requirements("requirements.txt")}
    distributions = packages_distributions()
    imported = {
        name.lower().replace("_", "-")
        for module in modules_imported()
        for name in distributions.get(module, [f"nothing that is installed ({module})"])
    }
    assert listed - imported - LOADED_BY_NAME == set(), "required, but not used"
    assert imported - listed == set(), "imported, but not required"


def modules_imported() -> set[str]:
    """The top-level modules, not of Python and not ours, that supportbot and chat import."""
    found = set()
    for path in [*(env.ROOT / "supportbot").rglob("*.py"), *(env.ROOT / "chat").rglob("*.py")]:
        if path.is_relative_to(FOR_DEVELOPERS):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"supportbot", "chat", "tests"}
