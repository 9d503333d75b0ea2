"""GraphiQL's build: typed, and its example operations fit the schema this server has."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_well_typed_and_its_examples_are_valid() -> None:
    # Where the machine has no Node, `make setup` installed one beside this Python.
    path = f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}"
    done = subprocess.run(
        ["npm", "run", "--silent", "check"],
        cwd=ROOT / "web",
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
