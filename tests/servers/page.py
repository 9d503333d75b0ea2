"""The commands of a page of docs/, as they stand there: to be run by a shell, as a reader would."""

import re
import textwrap
from pathlib import Path

from tests.servers.pollux import ROOT

_BLOCK = re.compile(r"^( *)```\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, heading: str) -> list[str]:
    """Return the blocks of commands under a heading of docs/`page`."""
    text = Path(ROOT / "docs" / page).read_text()
    sections = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    section = dict(zip(sections[1::2], sections[2::2], strict=True))[heading]
    return [textwrap.dedent(found[2]) for found in _BLOCK.finditer(section)]


def commands(block: str) -> list[str]:
    """Return the commands of a block, each with the lines it is fed."""
    found: list[str] = []
    end = ""
    for line in block.splitlines():
        if end:
            found[-1] += "\n" + line
            end = "" if line == end else end
        else:
            found.append(line)
            fed = re.search(r"<<(\w+)$", line)
            end = fed[1] if fed else ""
    return found


def replaced(script: str, places: dict[str, str]) -> str:
    """Return a script with other addresses and paths; each must be in it."""
    for old, new in places.items():
        assert old in script, old
        script = script.replace(old, new)
    return script
