"""Metrics of the gateway; no label contains a name of a user or a domain."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from exporter import __version__
from exporter.gateway.refusal import Reason

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """A registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "pop3_gateway_requests", "Requests by endpoint and status.", ["endpoint", "code"], registry=self.registry
        )
        self._refusals = Counter(
            "pop3_gateway_refusals", "Refused requests, by reason.", ["reason"], registry=self.registry
        )
        for reason in Reason:
            self._refusals.labels(reason.value)
        self._seconds = Histogram(
            "pop3_gateway_request_duration_seconds",
            "Response time, including the wait for a slot.",
            ["endpoint"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._fetches = Counter(
            "pop3_gateway_key_fetches", "Fetches of Grafana's signing keys.", ["outcome"], registry=self.registry
        )
        for outcome in ("success", "failure"):
            self._fetches.labels(outcome)
        build = Gauge("pop3_gateway_build_info", "The version.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)

    def watch(self, is_good: Callable[[], bool], entries: Callable[[], int]) -> None:
        """Export the state of the access file."""
        good = Gauge("pop3_gateway_access_file_good", "1 while the access file is valid.", registry=self.registry)
        good.set_function(lambda: float(is_good()))
        Gauge(
            "pop3_gateway_access_entries", "Entries of the access file in effect.", registry=self.registry
        ).set_function(lambda: float(entries()))

    def served(self, endpoint: str, code: int, seconds: float) -> None:
        """Count a response."""
        self._requests.labels(endpoint, str(code)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def refused(self, reason: Reason) -> None:
        """Count a refusal."""
        self._refusals.labels(reason.value).inc()

    def fetched(self, is_good: bool) -> None:  # noqa: FBT001 - a callback
        """Count a fetch of keys."""
        self._fetches.labels("success" if is_good else "failure").inc()

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)
