"""Makes ``.venv`` hold exactly what a requirements file names; the first step of every make target.

    python3 -I supportbot/install.py requirements.txt

Needs nothing but Python's standard library. An environment that is complete, and made from these
very files by this Python at this place, is left as it is; any other is made anew, so a broken or
half-made one never counts. Only one that somebody else made and filled is left alone, as in
production: a site may be running from it.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# Which files it was made from, and by which Python. Empty while something is being installed: then
# it only says that it is ours.
STAMP = VENV / "installed.json"


def main(requirements: str) -> None:
    """Makes the environment, when it is not there already."""
    if sys.version_info < (3, 11):  # noqa: UP036 the point is to say so on an older one
        sys.exit(f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}.")
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit(
            f"{sys.executable} has no venv module. Install it"
            f" (Debian, Ubuntu: apt install python3.{sys.version_info[1]}-venv), then try again."
        )
    # Of two at the same time, the second waits and finds the work done.
    fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)
    installed = _installed()
    # The development's requirements include the others, so one environment serves both.
    if requirements not in installed:
        _install(requirements, anew=not installed)
        files = {name: _digest(name) for name in {*installed, requirements, "requirements.txt"}}
        STAMP.write_text(json.dumps({"python": _python(), "files": files}))


def _installed() -> set[str]:
    """The requirements files that the environment holds; none when anything has changed."""
    try:
        stamp = json.loads(STAMP.read_text())
        current = {name: _digest(name) for name in stamp["files"]}
    except (OSError, ValueError):
        return set()
    return set(current) if stamp == {"python": _python(), "files": current} else set()


def _install(requirements: str, *, anew: bool) -> None:
    if anew and _is_anothers():
        sys.exit(
            f"{VENV} was not made by make, and a site may be running from it: it is left as it is."
            " In production, run .venv/bin/python manage.py … instead of make."
            " Otherwise remove .venv, then try again."
        )
    print(f"Installing {requirements} into {VENV} …", flush=True)
    _begin()
    if anew:
        # Packages without a stamp would be somebody else's, so they go before it does.
        shutil.rmtree(VENV / "lib", ignore_errors=True)
        _run(sys.executable, "-m", "venv", "--clear", str(VENV))
        _begin()
    # pip by its module: the scripts in bin/ name the place where they were made.
    pip = (str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    _run(*pip, "--requirement", str(ROOT / requirements))


def _is_anothers() -> bool:
    """Whether it was made by hand, and has more in it than a new one has."""
    packages = VENV.glob("lib/*/site-packages/*.dist-info")
    return (
        (VENV / "pyvenv.cfg").exists()
        and not STAMP.exists()
        and any(package.name.partition("-")[0] not in ("pip", "setuptools") for package in packages)
    )


def _begin() -> None:
    VENV.mkdir(exist_ok=True)
    STAMP.write_text("")


def _run(*command: str) -> None:
    if code := subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        sys.exit(f"Failed with exit status {code}: {' '.join(command)}")


def _python() -> str:
    """The version and the place of the environment's Python; empty when it does not run."""
    script = "import sys; print(sys.version, sys.prefix)"
    try:
        return subprocess.run([PYTHON, "-I", "-c", script], capture_output=True, text=True).stdout
    except OSError:
        return ""


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


if __name__ == "__main__":
    main(sys.argv[1])
