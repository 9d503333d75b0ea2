"""One server for all attacks of a process."""

from collections.abc import Iterator

import pytest

from tests.attacks.target import Target, attacked
from tests.servers.valkey import Valkey


@pytest.fixture(scope="session")
def target(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked(tmp_path_factory.mktemp("attacked"), valkey.url) as found:
        yield found
