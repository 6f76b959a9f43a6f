"""What the server counts, for Prometheus: prefix ``textwright_``, base units."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ITEMS = (1, 2, 4, 8, 16, 32, 64)


class ServerMetrics:
    """The counters of one server."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "textwright_requests", "Requests answered.", ("route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "textwright_request_seconds",
            "From a request read to its answer.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )
        self.answers = Counter(
            "textwright_answers", "Texts answered.", ("model", "version"), registry=registry
        )
        self.failures = Counter(
            "textwright_failures", "Texts not answered.", ("model", "reason"), registry=registry
        )
        self.shed = Counter(
            "textwright_shed", "Texts refused: queue full.", ("model",), registry=registry
        )
        self.batch_items = Histogram(
            "textwright_batch_items",
            "Texts in a batch.",
            ("model",),
            buckets=ITEMS,
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "textwright_batch_seconds",
            "One run of a session.",
            ("model",),
            buckets=SECONDS,
            registry=registry,
        )
        self.queue = Gauge(
            "textwright_queue_items",
            "Texts accepted, not yet answered.",
            ("model",),
            registry=registry,
        )
        self.version = Gauge(
            "textwright_deployed_version", "Version that answers.", ("model",), registry=registry
        )
        self.load_failures = Counter(
            "textwright_load_failures",
            "Versions that could not be loaded.",
            ("model",),
            registry=registry,
        )
        self.database_up = Gauge(
            "textwright_database_up",
            "1: the last look at the deployments succeeded.",
            registry=registry,
        )

    def text(self) -> bytes:
        """Write all of them in the format that Prometheus reads."""
        return generate_latest(self.registry)
