"""`make audit`: whether what is pinned has a known weakness, and whether a secret was ever committed.

pip-audit and npm ask the registry for advisories. Of packages that pip-audit is told nothing of, the index is asked what it knows
of their newest release, which most pins are. What nobody was told of is named, and the exit status is 2. A finding is 1.

Every registry knows which release is the newest: a package that is has all the mending there is. Those that are not are named,
which is no finding by itself.
"""

import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from pip._internal.models.index import PyPI

from tests.attacks.committed import secrets_in

ROOT = Path(__file__).parents[2]
CLEAN, FOUND, NOT_ASKED = 0, 1, 2
_PATIENCE_S = 600
_NPM = ["sh", str(ROOT / "web" / "node.sh"), str(ROOT / ".venv" / "bin"), "npm"]


def main(pip_audit: str) -> int:
    """Audit everything, and say what was found."""
    worst = CLEAN
    for pins in sorted((ROOT / "requirements").glob("*.txt")):
        worst = max(worst, _say(f"requirements/{pins.name}", *_python(pip_audit, pins)))
    for folder in ("web", "clients/typescript", "tests/npm"):
        worst = max(worst, _say(f"{folder}/package-lock.json", *_npm(ROOT / folder)))
    _name_behind("Python", _python_behind())
    for folder in ("web", "clients/typescript", "tests/npm"):
        _name_behind(folder, _npm_behind(ROOT / folder))
    return max(worst, _say("what was ever committed", *_history()))


def _name_behind(what: str, behind: list[str] | None) -> None:
    """Say which packages have a newer release; None where nobody could be asked."""
    found = "could not be asked" if behind is None else ", ".join(behind) or "none"
    sys.stdout.write(f"{'':12}{what}: packages with a newer release: {found}\n")
    sys.stdout.flush()


def _python_behind() -> list[str] | None:
    """Compare what is pinned with the newest releases; pip asks for what is installed, which is all of it but plots."""
    pinned = {
        (name.lower(), version)
        for pins in (ROOT / "requirements").glob("*.txt")
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", pins.read_text(), re.MULTILINE)
    }
    asked = [sys.executable, "-m", "pip", "list", "--outdated", "--format", "json", "--disable-pip-version-check"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        return None
    return [
        f"{one['name']} {one['version']} ({one['latest_version']})"
        for one in json.loads(done.stdout)
        if (one["name"].lower(), one["version"]) in pinned
    ]


def _npm_behind(folder: Path) -> list[str] | None:
    """Compare what a lock pins, of what its package asks for, with the newest releases."""
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    done = subprocess.run([*_NPM, "outdated", "--json", "--package-lock-only"], cwd=folder, capture_output=True, text=True,
                          timeout=_PATIENCE_S, check=False)  # fmt: skip
    try:
        found = json.loads(done.stdout or "{}").items()
        pairs = [(name, locked[f"node_modules/{name}"]["version"], one["latest"]) for name, one in found]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return [f"{name} {version} ({latest})" for name, version, latest in pairs if version != latest]


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
    missing = [one["name"] for one in found if "skip_reason" in one]
    pinned = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", pins.read_text(), re.MULTILINE))
    with ThreadPoolExecutor(8) as several:
        newest = dict(zip(missing, several.map(_newest, missing), strict=True))
    weak = [f"{name} {one.version}: {weakness}" for name, one in newest.items() if one is not None for weakness in one.weak]
    if weak:
        return FOUND, "; ".join(weak)
    unknown = [f"{name} {pinned.get(name)}" for name, one in newest.items() if one is None or one.version != pinned.get(name)]
    known = len(found) - len(unknown)
    said = f"no weakness of {known} packages, {len(missing) - len(unknown)} of them by the word on their newest release"
    return (NOT_ASKED if unknown else CLEAN), said + (f"; nothing is known of {', '.join(unknown)}" if unknown else "")


class _Newest(NamedTuple):
    """The newest release of a package, and what is known to be weak in it."""

    version: str
    weak: list[str]


@lru_cache(maxsize=1000)
def _newest(name: str) -> _Newest | None:
    """Return what pip's index says of the newest release of a package; None where it cannot be asked.

    It is what pip-audit would be told of a release, which some mirrors of the index keep for the newest one alone.
    """
    try:
        with urlopen(f"{PyPI.pypi_url}/{name}/json", timeout=60) as answer:  # pip's own address
            told = json.load(answer)
        known = [one["id"] for one in told["vulnerabilities"] if not one.get("withdrawn")]
        return _Newest(told["info"]["version"], known)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _npm(folder: Path) -> tuple[int, str]:
    asked = [*_NPM, "audit", "--json", "--package-lock-only"]
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
