"""The addresses of the Open Inference Protocol."""

from dataclasses import replace

from textwright.serving import inference_protocol as inference
from textwright.serving import inference_repository as repository
from textwright.serving import inference_statistics as statistics
from textwright.serving import inference_types as types
from textwright.serving.access import OPEN
from textwright.serving.inference_tensors import HEADER
from textwright.serving.routes import V2, Route, route

MODELS = f"{V2}/models"
REPOSITORY = f"{V2}/repository"
MODEL = f"{MODELS}/{{name}}"
VERSION = f"{MODEL}/versions/{{version}}"


def inference_routes() -> tuple[Route, ...]:
    """Give the routes; of two that match a path the first is taken."""
    found = [
        route(V2, inference.get_server, types.ServerMetadata),
        route(f"{V2}/health/live", inference.get_live, types.Health, right=OPEN),
        route(f"{V2}/health/ready", inference.get_ready, types.Health, right=OPEN),
        route(f"{MODELS}/stats", statistics.get_all_statistics, statistics.Statistics),
        index_route(),
        change_route("load"),
        change_route("unload"),
    ]
    for path in (MODEL, VERSION):
        found += [
            infer_route(f"{path}/infer"),
            route(path, inference.get_model, types.ModelMetadata),
            route(f"{path}/ready", inference.get_model_ready, types.Health),
            route(f"{path}/config", repository.get_config, repository.ModelConfig),
            route(f"{path}/stats", statistics.get_statistics, statistics.Statistics),
        ]
    return tuple(found)


def infer_route(path: str) -> Route:
    """Give the route that answers; tensors may follow its JSON as bytes."""
    plain = route(path, inference.post_infer, types.InferResponse, types.InferRequest)
    return Route(plain.call, replace(plain.description, binary=True, headers=(HEADER,)))


def index_route() -> Route:
    """Give the route that lists models, which may be asked without a body."""
    gives, takes = list[repository.IndexEntry], repository.IndexRequest
    plain = route(f"{REPOSITORY}/index", repository.post_index, gives, takes)
    return Route(plain.call, replace(plain.description, optional=True))


def change_route(change: str) -> Route:
    """Give the route that refuses to load or unload."""
    plain = route(f"{REPOSITORY}/models/{{name}}/{change}", repository.refuse_change, None)
    return Route(plain.call, replace(plain.description, method="POST"))
