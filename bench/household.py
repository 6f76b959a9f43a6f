"""What the measurements of serving share: a network, a home with it in production, a server."""

import contextlib
import dataclasses
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rounds import ROOT
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.registry import NewVersion, add_model, add_version, find_version
from textwright.lifecycle.rollout import promote
from textwright.recipe.file import check_recipe, recipe_text
from textwright.recipe.parts import TokenizerSettings
from textwright.runtime.artifact import seal
from textwright.settings import Settings
from textwright.text.labels import Labels, write_labels
from textwright.text.tokenizer import train_tokenizer

DEMO = ROOT / "src" / "textwright" / "demo"
CLASSES = 150
MODEL = "intents"
PREDICT = f"/api/v1/models/{MODEL}/predict"
START_S = 120.0
CONTRAST = 40.0  # weights of the last layer are this much larger, so that the labels differ


def read_texts(name: str = "test") -> list[str]:
    """Give the texts of one file of the demo: short ones, English and Chinese."""
    lines = (DEMO / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def make_network(folder: Path, seed: int = 7) -> None:
    """Write a sealed artifact: a BiLSTM of 2x128 with 150 classes, its weights by chance."""
    import torch

    from textwright.text.batch import Batch, make_batch
    from textwright.training.export import export_network
    from textwright.training.model import build_model

    folder.mkdir(parents=True)
    recipe = check_recipe(
        {
            "name": MODEL,
            "data": {"train": "train.jsonl"},
            "embedding": {"dimensions": 128},
            "encoder": {"kind": "bilstm", "layers": 2, "hidden": 128},
            "decoder": {"pooling": "attention"},
            "training": {"seed": seed},
        }
    )
    assert isinstance(recipe.tokenizer, TokenizerSettings)
    texts = read_texts("train")
    tokenizer = train_tokenizer(texts, recipe.tokenizer)
    tokenizer.save(folder / "tokenizer.json")
    model = build_model(recipe, tokenizer.size, CLASSES).eval()
    with torch.no_grad():
        model.decoder.output.weight *= CONTRAST
    checked = make_batch(tokenizer.encode(texts[:32]))
    assert isinstance(checked, Batch)
    export_network(model, [checked], folder / "model.onnx")
    write_labels(Labels(tuple(f"class-{each}" for each in range(CLASSES))), folder / "labels.json")
    (folder / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    seal(folder)


@dataclass
class Home:
    """A home folder and its open database."""

    settings: Settings
    sessions: Sessions

    def register(self, artifact: Path) -> str:
        """Register an artifact as the next version; gives its name."""
        address = ArtifactStore(self.settings.artifacts).put(artifact)
        with self.sessions.begin() as session:
            add_model(session, MODEL, actor="bench")
            new = NewVersion(address, None, {"accuracy": 0.9}, evaluated=True)
            version, _ = add_version(session, MODEL, new, actor="bench")
            record_verdicts(session, version, [], actor="bench")
            return version.name

    def promote(self, reference: str) -> None:
        """Put a version into production."""
        with self.sessions.begin() as session:
            promote(session, find_version(session, reference), actor="bench", reason="bench")


def make_home(folder: Path, database: str | None = None, *, seeds: Sequence[int] = (7,)) -> Home:
    """Make a home with a version of the network for each seed, the first in production.

    database: its address; a SQLite file in the folder unless stated.
    """
    folder.mkdir(parents=True)
    address = database or f"sqlite:///{folder / 'textwright.db'}"
    settings = Settings(folder, address, str(folder / "artifacts"))
    home = Home(settings, open_database(address, create=True))
    for seed in seeds:
        built = folder / f"built-{seed}"
        make_network(built, seed)
        home.register(built)
    home.promote(f"{MODEL}@1")
    return home


def make_body(text: str) -> bytes:
    """Give a request for one text, in our own form."""
    return json.dumps({"inputs": [text]}, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Server:
    """A running server process; its address, and the seconds to its first answer."""

    process: subprocess.Popen[bytes]
    port: int
    first_answer_s: float

    def memory_mb(self) -> float:
        """Resident memory of the process and all below it; shared pages count in each."""
        return sum(map(resident_mb, process_tree(self.process.pid)))


@dataclass(frozen=True)
class Start:
    """How to start a server, and a first question it answers with 200.

    command: ``{port}`` in it is replaced.
    """

    command: Sequence[str]
    path: str
    body: bytes
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    folder: Path = ROOT


def start_ours(settings: Settings, *, program: Sequence[str] = ()) -> Start:
    """Start textwright as its user does, or by another ``program`` with the same arguments."""
    command = program or (sys.executable, "-m", "textwright.cli.main")
    environment = {
        "TEXTWRIGHT_HOME": str(settings.home),
        "TEXTWRIGHT_DATABASE": settings.database,
    }
    body = make_body("where is my parcel")
    return Start([*command, "serve", "--port", "{port}"], PREDICT, body, environment)


@contextmanager
def serving(start: Start) -> Iterator[Server]:
    """Run a server until the block ends; yields once it has answered."""
    port = free_port()
    command = [each.replace("{port}", str(port)) for each in start.command]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **start.environment}
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=start.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if "BENCH_LOGS" not in os.environ else None,
        start_new_session=True,
    )
    try:
        while ask(port, start.path, start.body) is None:
            if process.poll() is not None or time.perf_counter() - began > START_S:
                raise SystemExit(f"{' '.join(command)} does not answer; see with BENCH_LOGS=1")
            time.sleep(0.005)
        yield Server(process, port, time.perf_counter() - began)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started: gently, then not."""
    started = process_tree(process.pid)
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=15)
    for each in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    process.wait(timeout=15)


def ask(port: int, path: str, body: bytes) -> bytes | None:
    """Ask once; None unless the answer is 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        found = response.read()
        return found if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def free_port() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def process_tree(root: int) -> list[int]:
    """Give a process and all below it."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            told = path.read_text(encoding="utf-8", errors="replace")
            parents[int(path.parent.name)] = int(told.rpartition(")")[2].split()[1])
    found = [root]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def resident_mb(process: int) -> float:
    """Resident memory of one process, in MB of 2**20 bytes; 0 when it is gone."""
    with contextlib.suppress(OSError):
        told = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()
        return int(told[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0
