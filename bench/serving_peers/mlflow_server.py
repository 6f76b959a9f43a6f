"""The MLflow scoring server on a pyfunc model; one worker; it has no batching.

Called with a folder, it writes the model there; ``mlflow models serve`` then serves it.
"""

import sys
from pathlib import Path

import mlflow


def main() -> None:
    """Write the model."""
    here = Path(__file__).resolve().parent
    mlflow.pyfunc.save_model(
        sys.argv[1],
        python_model=str(here / "mlflow_labels.py"),
        code_paths=[str(here / "network.py")],
        pip_requirements=["mlflow"],
    )


if __name__ == "__main__":
    main()
