"""The exported schema: as committed, and holding what clients were promised."""

import re
from pathlib import Path

from graphql import GraphQLSchema, build_schema
from graphql.utilities import find_breaking_changes, find_dangerous_changes

from schema.build import sdl

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def _missing() -> set[str]:
    lines = (HERE / "contract_missing.txt").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def _exists(schema: GraphQLSchema, part: str) -> bool:
    type_name, _, field = part.partition(".")
    type_ = schema.type_map.get(type_name)
    return type_ is not None and (not field or field in getattr(type_, "fields", {}))


def test_committed_schema_is_the_exported_one() -> None:
    assert (ROOT / "schema" / "schema.graphql").read_text() == sdl(), "run: make format"


def test_nothing_promised_is_broken_but_for_what_is_listed_as_missing() -> None:
    contract = build_schema((HERE / "contract.graphql").read_text())
    real = build_schema(sdl())
    changes = [change.description for change in find_breaking_changes(contract, real)]
    changes += [change.description for change in find_dangerous_changes(contract, real)]
    missing = _missing()
    broken = [
        change for change in changes if not any(re.search(rf"(?<![\w.]){re.escape(part)}(?![\w])", change) for part in missing)
    ]
    assert broken == []


def test_the_list_of_missing_parts_names_only_parts_of_the_contract_that_are_missing() -> None:
    contract = build_schema((HERE / "contract.graphql").read_text())
    real = build_schema(sdl())
    assert [part for part in sorted(_missing()) if not _exists(contract, part)] == []
    assert [part for part in sorted(_missing()) if _exists(real, part)] == []


def test_everything_in_the_schema_is_described() -> None:
    real = build_schema(sdl())
    types = [
        t
        for name, t in real.type_map.items()
        if not name.startswith("__") and name not in ("ID", "String", "Int", "Float", "Boolean")
    ]
    assert [t.name for t in types if not t.description] == []
    fields = [(t.name, name, f) for t in types for name, f in getattr(t, "fields", {}).items()]
    assert [f"{owner}.{name}" for owner, name, field in fields if not field.description] == []
