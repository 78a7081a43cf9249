"""The virtual environment is made once, and made anew whenever it is not what it should be."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from supportbot import env


class Project:
    """A project with our installer, whose requirements every new environment meets."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "supportbot").mkdir(parents=True)
        shutil.copy(env.ROOT / "supportbot" / "install.py", root / "supportbot")
        self.require("requirements.txt", "pip")
        self.require("requirements-dev.txt", "pip")
        # A package more than a new environment has: whoever makes it anew removes it.
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        packages = root / ".venv" / "lib" / version / "site-packages"
        self.mark = packages / "shop-1.0.dist-info" / "METADATA"

    def require(self, name: str, requirement: str) -> None:
        (self.root / name).write_text(requirement + "\n")

    def put_the_mark(self) -> None:
        self.mark.parent.mkdir(exist_ok=True)
        self.mark.write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")

    def install(self, name: str = "requirements.txt", *before: str) -> tuple[int, str]:
        """The installer's exit status and what it printed."""
        script = str(self.root / "supportbot" / "install.py")
        done = subprocess.run(
            [sys.executable, "-I", *before, script, name],
            env=os.environ | {"PIP_NO_INDEX": "1"},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project") / "here")


@pytest.fixture
def installed(project: Project) -> Project:
    """The project with its environment, and the mark in it."""
    status, printed = project.install()
    assert status == 0, printed
    project.put_the_mark()
    return project


def test_what_is_there_is_left_as_it_is(installed: Project) -> None:
    assert installed.install() == (0, "")
    assert installed.mark.exists()


def test_the_developments_requirements_go_on_top(installed: Project) -> None:
    assert installed.install("requirements-dev.txt")[0] == 0
    assert installed.install("requirements.txt") == (0, "")
    assert installed.mark.exists()


def other_requirements(project: Project) -> None:
    project.require("requirements.txt", "pip>=1")


def python_gone(project: Project) -> None:
    (project.root / ".venv" / "bin" / "python").unlink()


def interrupted(project: Project) -> None:
    project.require("requirements-dev.txt", "no-such-package")
    status, printed = project.install("requirements-dev.txt")
    assert status != 0
    assert "Failed with exit status" in printed
    project.require("requirements-dev.txt", "pip")


def moved(project: Project) -> None:
    """As if the folder had had another name when the environment was made."""
    stamp = project.root / ".venv" / "installed.json"
    stamp.write_text(stamp.read_text().replace("/here/", "/there/"))


@pytest.mark.parametrize("change", [other_requirements, python_gone, interrupted, moved])
def test_any_other_environment_is_made_anew(
    installed: Project, change: Callable[[Project], None]
) -> None:
    change(installed)
    status, printed = installed.install()
    assert status == 0, printed
    assert not installed.mark.exists()


@pytest.fixture
def by_hand(tmp_path: Path) -> Project:
    """A project whose environment make has not made; nothing is in it yet."""
    project = Project(tmp_path)
    bare = (sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv"))
    subprocess.run(bare, check=True)
    return project


def test_what_was_made_and_filled_by_hand_is_never_cleared(by_hand: Project) -> None:
    by_hand.put_the_mark()
    for name in ("requirements.txt", "requirements-dev.txt"):
        status, printed = by_hand.install(name)
        assert status == 1
        for word in ("was not made by make", ".venv/bin/python manage.py", "remove .venv"):
            assert word in printed
        assert by_hand.mark.exists()
    shutil.rmtree(by_hand.root / ".venv")
    assert by_hand.install()[0] == 0


def test_an_empty_one_is_made_anew_whoever_made_it(by_hand: Project) -> None:
    # As ours is, interrupted before its first package.
    assert by_hand.install()[0] == 0
    by_hand.put_the_mark()
    assert by_hand.install() == (0, "")


def test_a_python_without_venv_is_told_what_to_install(project: Project) -> None:
    blocked = (
        "import runpy, sys; sys.modules['ensurepip'] = None;"
        "runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    status, printed = project.install("requirements.txt", "-c", blocked)
    assert status == 1
    assert "apt install python3." in printed
