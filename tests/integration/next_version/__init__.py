"""The migrations of a version that is to come: all there are, and one more."""

from pathlib import Path

from models import migrations

__path__ = [str(Path(__file__).parent), *migrations.__path__]
