"""Asks osv.dev whether what is installed has a known vulnerability; exits 1 where it has.

A machine that cannot reach osv.dev is told nothing: this says so then, and exits 0: a build must
not fail because the internet is away. Arguments are handed on to pip-audit.
"""

import json
import subprocess
import sys
from typing import Any

PIP_AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--local", "--vulnerability-service", "osv"),
    *("--format", "json", "--progress-spinner", "off"),
)


def main(arguments: list[str]) -> int:
    """The exit code; what was found goes to standard output."""
    told = subprocess.run([*PIP_AUDIT, *arguments], capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(told.stdout)["dependencies"]
    except ValueError:
        reason = told.stderr.strip().rpartition("\n")[2]
        print(f"NOT AUDITED: osv.dev gave no answer, so nothing is known. {reason}")
        return 0
    found = [(package, each) for package in packages for each in package.get("vulns", ())]
    for package, vulnerability in found:
        mended = ", ".join(vulnerability["fix_versions"]) or "no version yet"
        print(
            f"{package['name']} {package['version']}: {vulnerability['id']}, mended in {mended}."
            " Raise it in requirements.txt, or that which needs it."
        )
    print(f"Audited: {len(packages)} packages, {len(found)} known vulnerabilities.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
