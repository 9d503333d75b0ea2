"""`make audit`: whether what is pinned has a known weakness, and whether a secret was ever committed.

pip-audit and npm ask the registry for advisories. Where it has none to give they find nothing, which is no answer: then it is
said what was not looked at, and the exit status is 2. A finding is 1.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.attacks.committed import secrets_in

ROOT = Path(__file__).parents[2]
CLEAN, FOUND, NOT_ASKED = 0, 1, 2
_PATIENCE_S = 600


def main(pip_audit: str) -> int:
    """Audit everything, and say what was found."""
    worst = CLEAN
    for pins in sorted((ROOT / "requirements").glob("*.txt")):
        worst = max(worst, _say(f"requirements/{pins.name}", *_python(pip_audit, pins)))
    for folder in ("web", "clients/typescript", "tests/npm"):
        worst = max(worst, _say(f"{folder}/package-lock.json", *_npm(ROOT / folder)))
    return max(worst, _say("what was ever committed", *_history()))


def _python(pip_audit: str, pins: Path) -> tuple[int, str]:
    asked = [pip_audit, "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json", "-r", str(pins)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return NOT_ASKED, f"pip-audit did not answer: {done.stderr.strip()[-300:]}"
    weak = [f"{one['name']} {one['version']}: {weakness['id']}" for one in found for weakness in one.get("vulns", ())]
    if weak:
        return FOUND, "; ".join(weak)
    missing = sum("skip_reason" in one for one in found)
    return (NOT_ASKED if missing else CLEAN), f"of {len(found)} packages {missing} could not be looked up; no other is weak"


def _npm(folder: Path) -> tuple[int, str]:
    asked = ["sh", str(ROOT / "web" / "node.sh"), str(ROOT / ".venv" / "bin"), "npm", "audit", "--json", "--package-lock-only"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    try:
        counted = json.loads(done.stdout)["metadata"]["vulnerabilities"]["total"]
    except (ValueError, KeyError):
        return NOT_ASKED, "npm was told of no advisories by its registry"
    return (FOUND if counted else CLEAN), f"{counted} weaknesses"


def _history() -> tuple[int, str]:
    """Look at each line that was ever added."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.txt"
        with path.open("wb") as file:
            subprocess.run(["git", "log", "-p", "--no-color", "--all"], cwd=ROOT, stdout=file, timeout=_PATIENCE_S, check=True)
        found = secrets_in([path])
    return (FOUND if found else CLEAN), "; ".join(found) or "no secret"


def _say(what: str, status: int, said: str) -> int:
    sys.stdout.write(f"{('clean', 'FOUND', 'NOT AUDITED')[status]:12}{what}: {said}\n")
    sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
