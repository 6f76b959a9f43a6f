"""What the server counts, for Prometheus: prefix ``textwright_``, base units."""

import os
from dataclasses import dataclass
from functools import cache
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ITEMS = (1, 2, 4, 8, 16, 32, 64)
JOINED_IN = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's name for the workers' folder
Joined = Literal["livemostrecent", "livesum", "livemin"]
LAST: Joined = "livemostrecent"


@dataclass(frozen=True)
class StreamMetrics:
    """What is counted of the texts that one version writes token by token."""

    tokens: Counter
    first_token: Histogram
    token: Histogram
    cancelled: Counter


class ServerMetrics:
    """The counters of one server, in a registry of its own.

    request_of, seconds_of, answers_of: a counter by its labels, found quickly the second time.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.requests = self.counter("requests", "Requests answered.", "route", "status")
        self.seconds = self.histogram(
            "request_duration_seconds", "From a request read to its answer.", "route", SECONDS
        )
        self.answers = self.counter("answers", "Texts answered.", "model", "version")
        self.remember()
        self.failures = self.counter("failures", "Texts not answered.", "model", "reason")
        self.shed = self.counter("shed", "Texts refused: queue full.", "model")
        self.batch_items = self.histogram("batch_items", "Texts in a batch.", "model", ITEMS)
        self.batch_seconds = self.histogram(
            "batch_seconds", "One run of a session.", "model", SECONDS
        )
        self.queue = self.gauge(
            "queue_items", "Texts accepted, not yet answered.", "model", joined="livesum"
        )
        self.count_streams()
        self.version = self.gauge("deployed_version", "Version that answers.", "model")
        self.candidate = self.gauge("candidate_version", "Of a rollout; 0: none.", "model")
        self.share = self.gauge("candidate_share", "Of callers the candidate answers.", "model")
        self.units = self.counter(
            "guard_units", "Units counted for the guards.", "model", "version", "guard", "bad"
        )
        self.counts_dropped = self.counter(
            "counts_dropped", "Units lost while the database was away too long."
        )
        self.shadow_dropped = self.counter(
            "shadow_dropped", "Texts not compared: too many waited for the shadow.", "model"
        )
        self.records = self.counter(
            "records", "Records of answers: written, or dropped for want of room.", "outcome"
        )
        self.load_failures = self.counter(
            "load_failures", "Versions that could not be loaded.", "model"
        )
        self.database_up = self.gauge(
            "database_up", "1: the last look at the deployments succeeded.", joined="livemin"
        )

    def count_streams(self) -> None:
        """Make the counters of texts that are written token by token."""
        self.tokens = self.counter("tokens", "Tokens written one by one.", "model", "version")
        self.first_token = self.histogram(
            "time_to_first_token_seconds",
            "From a request accepted to a text's first token.",
            "model",
            SECONDS,
        )
        self.token = self.histogram(
            "inter_token_latency_seconds",
            "From a token of a text to its next one.",
            "model",
            SECONDS,
        )
        self.cancelled = self.counter(
            "streams_cancelled", "Texts given up: nobody waited for them any more.", "model"
        )
        self.streams = self.gauge(
            "streams", "Texts written one by one, by state.", "model", "state", joined="livesum"
        )

    def of_streams(self, model: str, version: int) -> StreamMetrics:
        """Give what is counted of a version that writes."""
        return StreamMetrics(
            self.tokens.labels(model, version),
            self.first_token.labels(model),
            self.token.labels(model),
            self.cancelled.labels(model),
        )

    def remember(self) -> None:
        """Look the counters of the hot path up once for each of their labels."""
        self.request_of = cache(self.requests.labels)
        self.seconds_of = cache(self.seconds.labels)
        self.answers_of = cache(self.answers.labels)

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """Make a counter."""
        return Counter(f"textwright_{name}", meaning, labels, registry=self.registry)

    def gauge(self, name: str, meaning: str, *labels: str, joined: Joined = LAST) -> Gauge:
        """Make a value that goes up and down; ``joined``: how those of several workers are one."""
        return Gauge(
            f"textwright_{name}",
            meaning,
            labels,
            registry=self.registry,
            multiprocess_mode=joined,
        )

    def histogram(
        self, name: str, meaning: str, label: str, buckets: tuple[float, ...]
    ) -> Histogram:
        """Make a distribution over fixed bounds."""
        return Histogram(
            f"textwright_{name}", meaning, (label,), buckets=buckets, registry=self.registry
        )

    def text(self) -> bytes:
        """Write all of them in the format that Prometheus reads, those of all workers joined."""
        registry = self.registry
        if JOINED_IN in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
