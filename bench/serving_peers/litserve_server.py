"""LitServe with its batching: up to 32 texts, waiting 5 ms for company; one worker."""

import sys
from typing import Any

import litserve
from network import MOST_TEXTS, Network


class Labels(litserve.LitAPI):
    """One text in, its label out."""

    def setup(self, device: str) -> None:  # noqa: ARG002
        """Load the network, in the worker."""
        self.network = Network()

    def decode_request(self, request: dict[str, str], **_: Any) -> str:
        """Take the text of a request."""
        return request["text"]

    def batch(self, inputs: list[str]) -> list[str]:
        """Leave the texts a list."""
        return inputs

    def predict(self, x: list[str], **_: Any) -> list[str]:
        """Answer a batch."""
        return self.network.label(x)

    def unbatch(self, output: list[str]) -> list[str]:
        """Leave the labels a list."""
        return output

    def encode_response(self, output: str, **_: Any) -> dict[str, str]:
        """Give one label."""
        return {"label": output}


if __name__ == "__main__":
    api = Labels(max_batch_size=MOST_TEXTS, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", devices=1, workers_per_device=1)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False
    )
