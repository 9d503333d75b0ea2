"""Where the SQL of PostgreSQL and SQLite differs. Statements are written once, with $1, $2, … as placeholders."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache


class Dialect(ABC):
    """The few phrases that differ; everything else is the SQL both share."""

    name: str
    # Appended to a SELECT: holds the row until the transaction ends, without stopping foreign keys that point at it.
    row_lock: str

    @abstractmethod
    def one_of(self, column: str, placeholder: str) -> str:
        """Return a condition: `column` is in the array given as `placeholder`, which `array` made."""

    @abstractmethod
    def array(self, numbers: Sequence[int]) -> object:
        """Return `numbers` as one parameter."""

    @abstractmethod
    def texts(self, placeholder: str) -> str:
        """Return a SELECT of the texts in the JSON list given as `placeholder`."""

    @abstractmethod
    def pairs(self, first: str, second: str, *, columns: tuple[str, str], alias: str) -> str:
        """Return a FROM item of two columns, row i holding element i of both arrays."""

    @abstractmethod
    def placeholders(self, sql: str) -> str:
        """Return `sql` with its $1, $2, … as the driver wants them."""


class PostgreSQL(Dialect):
    name = "PostgreSQL"
    row_lock = " FOR NO KEY UPDATE"

    def one_of(self, column: str, placeholder: str) -> str:
        return f"{column} = ANY({placeholder}::bigint[])"

    def array(self, numbers: Sequence[int]) -> object:
        return list(numbers)

    def texts(self, placeholder: str) -> str:
        return f"SELECT jsonb_array_elements_text({placeholder}::jsonb)"

    def pairs(self, first: str, second: str, *, columns: tuple[str, str], alias: str) -> str:
        return f"unnest({first}::bigint[], {second}::bigint[]) AS {alias}({columns[0]}, {columns[1]})"

    def placeholders(self, sql: str) -> str:
        return sql


class SQLite(Dialect):
    name = "SQLite"
    # BEGIN IMMEDIATE already holds the only write lock there is.
    row_lock = ""

    def one_of(self, column: str, placeholder: str) -> str:
        return f"{column} IN (SELECT value FROM json_each({placeholder}))"

    def array(self, numbers: Sequence[int]) -> object:
        return json.dumps(list(numbers))

    def texts(self, placeholder: str) -> str:
        return f"SELECT value FROM json_each({placeholder})"

    def pairs(self, first: str, second: str, *, columns: tuple[str, str], alias: str) -> str:
        return (
            f"(SELECT a.value AS {columns[0]}, b.value AS {columns[1]}"
            f" FROM json_each({first}) AS a JOIN json_each({second}) AS b ON a.key = b.key) AS {alias}"
        )

    def placeholders(self, sql: str) -> str:
        return _numbered(sql)


@lru_cache(maxsize=512)
def _numbered(sql: str) -> str:
    return re.sub(r"\$(\d+)", r"?\1", sql)
