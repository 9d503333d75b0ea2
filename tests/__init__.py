"""Tests on the real parts. The Python client is a package of its own, which they run from its sources."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "clients" / "python" / "src"))
