"""Ray Serve with its batching: up to 32 texts, waiting 5 ms for company; one replica."""

import sys
import time

import ray
from network import MOST_TEXTS, Network
from ray import serve
from starlette.requests import Request


@serve.deployment(num_replicas=1, max_ongoing_requests=1024, ray_actor_options={"num_cpus": 1})
class Labels:
    """One text in, its label out."""

    def __init__(self) -> None:
        self.network = Network()

    @serve.batch(max_batch_size=MOST_TEXTS, batch_wait_timeout_s=0.005)
    async def answer(self, texts: list[str]) -> list[str]:
        """Answer a batch."""
        return self.network.label(texts)

    async def __call__(self, request: Request) -> dict[str, str]:
        """Answer one text."""
        return {"label": await self.answer((await request.json())["text"])}


if __name__ == "__main__":
    ray.init(include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Labels.bind(), route_prefix="/predict")
    while True:
        time.sleep(3600)
