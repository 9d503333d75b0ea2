"""What the Python client's README shows runs as it stands, but for its address, token and channel."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.asking import CREATE, token
from tests.servers.pollux import Server

PACKAGE = Path(__file__).parents[2] / "clients" / "python"


def test_the_ten_lines(tmp_path: Path) -> None:
    (code, *_) = re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    with Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}", REDIS_URL="none") as server:
        channel = server.ask(CREATE, {"i": {"name": "readme"}})["channel"]["id"]
        for shown, real in (("http://127.0.0.1:8000", server.url), ("…", token("alice")), ("YwE", channel)):
            assert shown in code
            code = code.replace(shown, real)
        running = subprocess.Popen(
            [sys.executable, "-u", "-c", code],
            env={**os.environ, "PYTHONPATH": str(PACKAGE / "src")}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "Alice Hello from Python\n"
        finally:
            running.kill()
            running.communicate()
