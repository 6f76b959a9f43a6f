"""The model that MLflow's scoring server loads, from code."""

from typing import Any

import mlflow
from network import Network


class Labels(mlflow.pyfunc.PythonModel):
    """Texts in, labels out."""

    def load_context(self, context: Any) -> None:  # noqa: ARG002
        """Load the network, in the server."""
        self.network = Network()

    def predict(self, context: Any, model_input: list[str]) -> list[str]:  # noqa: ARG002
        """Answer the texts of one request."""
        return self.network.label(list(model_input))


mlflow.models.set_model(Labels())
