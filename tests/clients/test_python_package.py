"""The Python client as a package: it builds, installs, and has what it needs and no more."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "clients" / "python"


def test_the_wheel_has_the_types_and_the_command(tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    # The build backend is part of uv, so nothing is downloaded.
    subprocess.run([uv, "build", "--offline", "--wheel", "-q", "-o", tmp_path, PACKAGE], check=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        names = set(files.namelist())
        files.extractall(tmp_path / "installed")
        metadata = files.read("pollux_client-0.1.0.dist-info/METADATA").decode()
        entry_points = files.read("pollux_client-0.1.0.dist-info/entry_points.txt").decode()
    assert "pollux_client/py.typed" in names
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == ["Requires-Dist: aiohttp>=3.14,<4"]
    assert "pollux-client = pollux_client.terminal.command:main" in entry_points
    helped = subprocess.run(
        [sys.executable, "-m", "pollux_client", "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "tail" in helped.stdout
