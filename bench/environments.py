"""Environments of the peers: each in its own folder, of pinned packages, made when first used."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PEERS = Path(__file__).resolve().parent / ".peers"
NETWORK = ("onnxruntime==1.32.0", "tokenizers==0.23.3", "numpy==2.4.6")  # what each server runs
PINNED = {
    "mlflow": (
        *("mlflow==3.17.2", "alembic", "cryptography", "fsspec", "httptools", "jieba", "msgspec"),
        *("onnxruntime", "prometheus-client", "rich", "tokenizers", "tomli-w", "typer", "uvloop"),
    ),
    "keras": ("tensorflow-cpu==2.21.0", "keras==3.15.1"),
    "fasttext": ("fasttext-wheel==0.9.2", "numpy==1.26.4"),
    "gensim": ("gensim==4.4.0", "numpy==2.4.6", "scipy==1.17.1"),
    "fastapi": ("fastapi==0.165.0", "uvicorn[standard]==0.54.0", *NETWORK),
    "litserve": ("litserve==0.2.19", *NETWORK),
    "bentoml": ("bentoml==1.4.39", *NETWORK),
    "ray": ("ray[serve]==2.60.0", *NETWORK),
    "kserve": ("kserve==0.21.0",),
    "sklearn": ("scikit-learn==1.9.1", "scipy==1.17.1", "numpy==2.4.6"),
}


def open_environment(name: str) -> Path:
    """Give the interpreter of a peer's environment, installing what is pinned if need be."""
    folder = PEERS / name
    python = folder / "bin" / "python"
    stamp = folder / "pinned.json"
    if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == list(PINNED[name]):
        return python
    print(f"installing {name} into {folder}", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED[name]], check=True)
    stamp.write_text(json.dumps(PINNED[name]), encoding="utf-8")
    return python


def run_contestant(python: Path | str, script: Path, job: Path, threads: int) -> dict[str, Any]:
    """Run a script on a job file in a process of its own; it prints one JSON object last."""
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return run_with([str(python), str(script), str(job)], {**os.environ, **limits})


def run_with(command: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a command and read the JSON object on its last line."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
