"""Generated documents: every one validates, and together they use all of the schema."""

from graphql import GraphQLObjectType, TypeInfo, TypeInfoVisitor, Visitor, parse, validate, visit
from graphql.language.ast import FieldNode
from hypothesis import HealthCheck, given, settings

from schema.build import build_schema
from tests.api.arguments import NAMES
from tests.api.documents import Question, filled, questions

SCHEMA = build_schema()._schema
WORLD = {name: name[1:-1] for name in NAMES}

asked: set[str] = set()


class _Fields(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self._info.get_parent_type()
        assert parent is not None
        asked.add(f"{parent.name}.{node.name.value}")


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(questions(SCHEMA))
def _every_document_validates(question: Question) -> None:
    _note(question)


def _note(question: Question) -> None:
    """Take note of the fields of a document, which must be valid."""
    document = parse(filled(question.text, WORLD))
    assert validate(SCHEMA, document) == [], question.text
    info = TypeInfo(SCHEMA)
    visit(document, TypeInfoVisitor(info, _Fields(info)))


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(questions(SCHEMA, frozenset({"sync"})))
def _every_sync_validates(question: Question) -> None:
    _note(question)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(questions(SCHEMA, frozenset({"channel"})))
def _every_channel_validates(question: Question) -> None:
    _note(question)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(questions(SCHEMA, frozenset({"searchUsers", "searchMessages"})))
def _every_search_validates(question: Question) -> None:
    _note(question)


def test_every_document_validates_and_every_field_is_asked_for() -> None:
    asked.clear()
    _every_document_validates()
    _every_sync_validates()
    _every_channel_validates()
    _every_search_validates()
    reachable = {
        f"{type_.name}.{field}"
        for type_ in SCHEMA.type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")
        if not type_.name.endswith("Payload") and type_.name not in ("Mutation", "Subscription", "UserError")
        for field in type_.fields
    }
    assert reachable - asked == set()
