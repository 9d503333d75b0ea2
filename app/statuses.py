"""Statuses of answers, by where an operation stopped and the media type that is answered in."""

from app.documents import Phase
from app.graphql_request import GRAPHQL_JSON, JSON

STATUS = {
    Phase.MALFORMED: {GRAPHQL_JSON: 422, JSON: 400},
    Phase.PARSE: {GRAPHQL_JSON: 400, JSON: 200},
    Phase.COMPLEXITY: {GRAPHQL_JSON: 422, JSON: 200},
    Phase.UNKNOWN: {GRAPHQL_JSON: 200, JSON: 200},
    Phase.VALIDATION: {GRAPHQL_JSON: 422, JSON: 200},
}
PARTIAL_STATUS = {GRAPHQL_JSON: 294, JSON: 200}
