"""Makes ``.venv`` hold exactly what a requirements file names; the first step of every make target.

    python3 -I supportbot/install.py requirements.txt

Needs nothing but Python's standard library. An environment that is complete, and made from these
very files by this Python at this place, is left as it is; any other is made anew, so a broken or
half-made one never counts.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# Which files it was made from, and by which Python. Written last and removed first: while
# something is being installed there is none.
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
    print(f"Installing {requirements} into {VENV} …", flush=True)
    STAMP.unlink(missing_ok=True)
    if anew:
        _run(sys.executable, "-m", "venv", "--clear", str(VENV))
    # pip by its module: the scripts in bin/ name the place where they were made.
    pip = (str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    _run(*pip, "--requirement", str(ROOT / requirements))


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
