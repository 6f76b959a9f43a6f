"""Statistics of the Open Inference Protocol: what each version has done, in Triton's form."""

import msgspec

from textwright.serving.live import Live
from textwright.serving.messages import Request, Response
from textwright.serving.predict import Service
from textwright.serving.version_tally import Spent


class Duration(msgspec.Struct):
    """How often something happened, and the nanoseconds it took together."""

    count: int = 0
    ns: int = 0


class InferenceStatistics(msgspec.Struct):
    """Requests, from their coming to their answers, and runs of the session.

    What is always 0 (waiting, making tokens, writing answers, a cache) is not measured by
    itself here: ``success`` and ``fail`` have all of it.
    """

    success: Duration
    fail: Duration
    compute_infer: Duration
    queue: Duration = msgspec.field(default_factory=Duration)
    compute_input: Duration = msgspec.field(default_factory=Duration)
    compute_output: Duration = msgspec.field(default_factory=Duration)
    cache_hit: Duration = msgspec.field(default_factory=Duration)
    cache_miss: Duration = msgspec.field(default_factory=Duration)


class BatchStatistics(msgspec.Struct):
    """Runs of the session with so many texts; what is always 0 is not measured by itself."""

    batch_size: int
    compute_infer: Duration
    compute_input: Duration = msgspec.field(default_factory=Duration)
    compute_output: Duration = msgspec.field(default_factory=Duration)


class ModelStatistics(msgspec.Struct):
    """What a version has done since it was loaded, in the process that was asked.

    last_inference:  milliseconds since 1970; 0: never.
    inference_count: texts answered.
    execution_count: runs of the session.
    """

    name: str
    version: str
    last_inference: int
    inference_count: int
    execution_count: int
    inference_stats: InferenceStatistics
    batch_stats: list[BatchStatistics]


class Statistics(msgspec.Struct):
    """The versions asked for."""

    model_stats: list[ModelStatistics]


async def get_all_statistics(service: Service, _request: Request) -> Response:
    """Say what every version has done."""
    found = [
        model_statistics(live)
        for deployed in service.loader.deployed.values()
        for live in deployed.versions.values()
    ]
    return Response(200, msgspec.json.encode(Statistics(found)))


async def get_statistics(
    service: Service, _request: Request, name: str, number: str = ""
) -> Response:
    """Say what a model's versions have done, or one of them."""
    if number:
        chosen = [service.loader.find(f"{name}@{number}")]
    else:
        chosen = list(service.loader.find_model(name).versions.values())
    found = Statistics([model_statistics(live) for live in chosen])
    return Response(200, msgspec.json.encode(found))


def model_statistics(live: Live) -> ModelStatistics:
    """Write a version's tally as the protocol has it."""
    tally = live.tally
    runs = sorted(tally.batches.items())
    return ModelStatistics(
        name=live.model,
        version=str(live.target.version),
        last_inference=round(tally.last * 1000),
        inference_count=tally.texts,
        execution_count=sum(each.count for _, each in runs),
        inference_stats=InferenceStatistics(
            success=duration(tally.answered),
            fail=duration(tally.failed),
            compute_infer=Duration(
                sum(each.count for _, each in runs),
                round(sum(each.seconds for _, each in runs) * 1e9),
            ),
        ),
        batch_stats=[BatchStatistics(size, duration(each)) for size, each in runs],
    )


def duration(spent: Spent) -> Duration:
    """Write seconds as nanoseconds."""
    return Duration(spent.count, round(spent.seconds * 1e9))
