"""Traces: a span for each request, the child of the one its client named, and nothing of what was said."""

import sys
from collections.abc import AsyncIterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_aiohttp import AiohttpClient

from app.settings import Settings, WrongSettings
from app.traces import Traces, check_traces
from app.wiring import build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.asking import Api

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
async def traced(
    settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient, spans: InMemorySpanExporter
) -> AsyncIterator[Api]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    traces = Traces(provider)
    yield Api(await aiohttp_client(build_app(settings, *opened, traces=traces)), opened[0])
    traces.close()


async def test_a_request_is_a_span_below_the_one_that_its_client_named(traced: Api, spans: InMemorySpanExporter) -> None:
    answer = await traced.client.post("/graphql", json={"query": "{ viewer { name } }"}, headers={"traceparent": PARENT})
    assert answer.status == 401
    (span,) = spans.get_finished_spans()
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{span.parent.span_id:016x}" == PARENT.split("-")[2]
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 401
    assert span.attributes["pollux.request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("parent", ["", "nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01", PARENT * 100])
async def test_a_parent_that_is_none_begins_a_trace(traced: Api, spans: InMemorySpanExporter, parent: str) -> None:
    await traced.client.post("/graphql", json={"query": "{"}, headers={"traceparent": parent})
    (span,) = spans.get_finished_spans()
    assert span.parent is None


async def test_a_span_says_the_kind_and_the_level_and_nothing_of_what_was_said(traced: Api, spans: InMemorySpanExporter) -> None:
    await traced.ask('query Words { searchChannels(text: "secret words") { nodes { name } } }')
    (span,) = spans.get_finished_spans()
    assert span.attributes is not None
    assert (span.attributes["pollux.kind"], span.attributes["pollux.level"]) == ("searchChannels", "fragment")
    assert "secret" not in span.to_json()


def test_traces_that_cannot_be_sent_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    check_traces()
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(WrongSettings, match="OTEL_EXPORTER_OTLP_ENDPOINT is set, and OpenTelemetry is not installed"):
        check_traces()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    check_traces()
