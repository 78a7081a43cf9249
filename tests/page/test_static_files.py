"""The page's scripts as production serves them."""

import json
import re
from pathlib import Path

from django.core.management import call_command
from pytest_django import Settings


def test_modules_import_each_other_by_hashed_names(tmp_path: Path, settings: Settings) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "supportbot.static.HashedFiles"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    hashed = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    modules = [name for name in hashed if re.fullmatch(r"chat/\w+\.js", name)]

    imported = [
        path
        for module in modules
        for path in re.findall(
            r"""(?:from|import)\s*\(?["'](\./.*?)["']""", (tmp_path / hashed[module]).read_text()
        )
    ]

    assert len(modules) > 10
    assert len(imported) > 10
    served = {Path(name).name for name in hashed.values()}
    assert [path for path in imported if Path(path).name not in served] == []
