"""The laws of the house that no other tool checks."""

import re
import subprocess
from pathlib import Path

import pytest

import schema

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 260


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).exists()]


def test_no_file_hides_a_second_noun() -> None:
    files = [path for path in _tracked("*.py", "*.ts", "*.tsx") if "migrations" not in path.parts]
    assert len(files) > 50
    assert [f"{p.relative_to(ROOT)}: {n}" for p in files if (n := len(p.read_text().splitlines())) > LONGEST_FILE] == []


def _unexplained(line: str) -> bool:
    """Whether a line silences a tool without a second comment that says why."""
    return bool(re.search(r"# (?:noqa|type: ignore)(?!.*  # \w)", line))


@pytest.mark.parametrize(
    ("line", "unexplained"),
    [
        ("x = 1  # noqa: E501", True),
        ("x = 1  # type: ignore[misc]", True),
        ("x = 1  # noqa: E501  # a table", False),
        ("x = 1", False),
    ],
)
def test_the_law_about_ignores_finds_what_it_should(line: str, unexplained: bool) -> None:
    assert _unexplained(line) is unexplained


def test_every_ignore_says_why() -> None:
    lines = [(path, line) for path in _tracked("*.py") if path != Path(__file__) for line in path.read_text().splitlines()]
    assert [f"{path.name}: {line.strip()}" for path, line in lines if _unexplained(line)] == []


def test_every_python_file_says_what_lives_in_it() -> None:
    files = [path for path in _tracked("*.py") if path.read_text().strip()]
    assert [str(path.relative_to(ROOT)) for path in files if not path.read_text().lstrip().startswith('"""')] == []


def test_the_package_named_schema_is_ours_and_not_the_one_from_pypi() -> None:
    assert schema.__file__ == str(ROOT / "schema" / "__init__.py")


def test_no_tracked_file_names_where_packages_come_from() -> None:
    files = _tracked("requirements/*.txt", "*package-lock.json", "pyproject.toml")
    assert [path.name for path in files if re.search(r"index-url|\"resolved\": *\"http|find-links", path.read_text())] == []
