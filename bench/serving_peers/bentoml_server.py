"""BentoML with its adaptive batching: up to 32 texts; one worker.

Started by ``bentoml serve bentoml_server:Labels``.
"""

import bentoml
from network import MOST_TEXTS, Network


@bentoml.service(workers=1, traffic={"timeout": 60})
class Labels:
    """Texts in, labels out."""

    def __init__(self) -> None:
        self.network = Network()

    @bentoml.api(batchable=True, max_batch_size=MOST_TEXTS)
    def predict(self, texts: list[str]) -> list[str]:
        """Answer a batch."""
        return self.network.label(texts)
