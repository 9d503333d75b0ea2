"""Where the SQL of PostgreSQL and SQLite differs. Statements are written once, with $1, $2, … as placeholders."""

import json
import re
import string
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Row = Sequence[object]
# What separates words, of ASCII, as a literal.
_MARKS = "'" + string.punctuation.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Insert:
    """A statement, and the parameters of each time it is to be run."""

    sql: str
    runs: Sequence[Row]


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
    def numbers(self, columns: Mapping[str, str], *, alias: str) -> str:
        """Return a FROM item whose columns are arrays of one length, given as the placeholder that stands by their name."""

    @abstractmethod
    def words(self, words: Sequence[str]) -> str:
        """Return `words` as one parameter of `messages_with_words`."""

    @abstractmethod
    def messages_with_words(self, placeholder: str, *, alias: str) -> str:
        """Return a FROM item and a WHERE: messages in which each of the words given as `placeholder` begins a word."""

    @abstractmethod
    def lower(self, column: str) -> str:
        """Return `column` in small letters."""

    @abstractmethod
    def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Row]) -> Insert:
        """Return how to insert many rows; `columns` gives PostgreSQL's type of each, in the order of a row's values."""

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

    def numbers(self, columns: Mapping[str, str], *, alias: str) -> str:
        arrays = ", ".join(f"{placeholder}::bigint[]" for placeholder in columns.values())
        return f"unnest({arrays}) AS {alias}({', '.join(columns)})"

    def words(self, words: Sequence[str]) -> str:
        return " & ".join(f"'{word}':*" for word in words)

    def messages_with_words(self, placeholder: str, *, alias: str) -> str:
        # As the index messages_words has it; without its marks, no part of an address or a path hides in one word.
        text = f"translate({alias}.content, {_MARKS}, '{' ' * len(string.punctuation)}')"
        return f"messages AS {alias} WHERE to_tsvector('simple', {text}) @@ to_tsquery('simple', {placeholder})"

    def lower(self, column: str) -> str:
        return f"lower({column})"

    def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Row]) -> Insert:
        # One statement for all rows, each column an array: a third of the time of one statement a row.
        arrays = ", ".join(f"${number}::{sql_type}[]" for number, sql_type in enumerate(columns.values(), start=1))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"
        return Insert(sql, [[list(column) for column in zip(*rows, strict=True)]])

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

    def numbers(self, columns: Mapping[str, str], *, alias: str) -> str:
        first, *others = columns
        values = ", ".join(f"{name}_.value AS {name}" for name in columns)
        joined = "".join(f" JOIN json_each({columns[name]}) AS {name}_ ON {name}_.key = {first}_.key" for name in others)
        return f"(SELECT {values} FROM json_each({columns[first]}) AS {first}_{joined}) AS {alias}"

    def words(self, words: Sequence[str]) -> str:
        return " ".join(f'"{word}"*' for word in words)

    def messages_with_words(self, placeholder: str, *, alias: str) -> str:
        return f"message_words JOIN messages AS {alias} ON {alias}.id = message_words.rowid WHERE message_words MATCH {placeholder}"

    def lower(self, column: str) -> str:
        return f"lower_of({column})"  # sqlite_engine.py's: its own knows ASCII alone

    def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Row]) -> Insert:
        values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        return Insert(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})", rows)

    def placeholders(self, sql: str) -> str:
        return _numbered(sql)


@lru_cache(maxsize=512)
def _numbered(sql: str) -> str:
    return re.sub(r"\$(\d+)", r"?\1", sql)
