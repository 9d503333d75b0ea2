"""Traces: a span for each request, sent by OpenTelemetry, where its variables say where to; otherwise nothing at all.

Rule: a server that sends no traces pays nothing for them, and needs no package of theirs. What people say is in no span.
"""

import os
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING

from aiohttp import web

from app.replies import Asking, asking_of
from app.settings import WrongSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Respond = Callable[[web.Request, Asking], Awaitable[web.StreamResponse]]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def traces_wanted() -> bool:
    """Whether OpenTelemetry's own variables say where traces go."""
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not disabled and any(os.environ.get(name) for name in ENDPOINTS)


def check_traces() -> None:
    """Raise WrongSettings where traces are wanted and cannot be sent."""
    if traces_wanted():
        try:
            import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        except ImportError:
            name = next(name for name in ENDPOINTS if os.environ.get(name))
            raise WrongSettings(
                f"{name} is set, and OpenTelemetry is not installed; allowed: after pip install -r requirements/otel.txt"
            ) from None


class Traces:
    """Sends a span for each request, as a child of the one that `traceparent` names."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("pollux")

    @classmethod
    def exporting(cls) -> "Traces":
        """Return traces that go where OpenTelemetry's variables say. Raises WrongSettings."""
        check_traces()
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  # optional
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # optional
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # optional
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  # optional

        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "pollux"}
        provider = TracerProvider(resource=Resource.create(named))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def around(self, respond: Respond) -> Answer:
        """Return what answers a request within a span."""
        from opentelemetry.trace import SpanKind  # noqa: PLC0415  # optional
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415  # optional

        propagator = TraceContextTextMapPropagator()

        async def answer(request: web.Request) -> web.StreamResponse:
            asking = asking_of(request)
            sent = {name: request.headers[name] for name in ("traceparent", "tracestate") if name in request.headers}
            context = propagator.extract(sent)
            with self._tracer.start_as_current_span(f"{request.method} /graphql", context, SpanKind.SERVER) as span:
                response = await respond(request, asking)
                span.set_attribute("http.request.method", request.method)
                span.set_attribute("http.route", "/graphql")
                span.set_attribute("http.response.status_code", response.status)
                span.set_attribute("pollux.request_id", asking.request_id)
                if asking.kind is not None:
                    span.set_attribute("pollux.kind", asking.kind)
                    span.set_attribute("pollux.level", asking.level.name.lower())
                return response

        return answer

    def close(self) -> None:
        """Send what is not sent yet; takes some seconds where nobody listens."""
        self._provider.shutdown()
