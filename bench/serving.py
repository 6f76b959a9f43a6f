"""Serving against its peers: the same network, tokenization, load and machine for all.

    python bench/serving.py [--json FILE] [--quick] [--only NAME ...] [--seconds S] [--rounds N]

Each server answers one text a request, over 1, 32 and 256 connections kept open, each of which
asks again as soon as it is answered. Sessions have one thread. Micro-batching is on where a
platform has it, up to 32 texts (bench/serving_peers says how each is set); FastAPI and MLflow
have none. Ours keeps records, routes, counts and limits; keys are off. Each server is warmed for
ten seconds; then, before each measurement, every text is asked once over as many connections, and
every label must be right. The
generator shares the two cores with the server, the same for all; what it can send at most is
measured on a server that does nothing.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import household
from environments import open_environment
from generator import Job, generate
from household import PREDICT, Start, serving, start_ours
from rounds import (
    ROOT,
    ROUNDS,
    Row,
    alternate,
    higher_is_better,
    lower_is_better,
    make_parser,
    processor_times,
    stolen_share,
    write_report,
)

PEERS = ROOT / "bench" / "serving_peers"
CONNECTIONS = (1, 32, 256)
PLATFORMS = ("litserve", "mlflow", "bentoml", "ray")
LABEL = re.compile(r"class-\d+")
MOST_TEXTS = 32
WARM_S = 10.0  # chores of ours begin five seconds after its start
Contestant = Callable[[], Mapping[str, float]]


def main() -> None:
    """Measure, and write the rows."""
    options = read_options()
    before = processor_times()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = household.make_home(folder / "home")
        artifact = folder / "home" / "built-7"
        texts = household.read_texts()
        limit = offline_rate(artifact, texts)
        starts = {
            each: find_start(each, artifact, folder)
            for each in options.only
            if each != "textwright"
        }
        starts["textwright"] = start_ours(home.settings)
        expected = find_labels(artifact, texts)
        found = alternate(
            {
                each: partial(measure, each, start, expected, options)
                for each, start in starts.items()
            },
            options.rounds,
        )
        home.sessions.close()
    ours = found.pop("textwright")
    rows = [row for name, theirs in found.items() for row in compare(name, ours, theirs)]
    rows += shares_of_limit(ours, limit)
    extra = {
        "seconds": options.seconds,
        "rounds": options.rounds,
        "offline_rate": limit,
        "generator_limit": generator_limit(min(options.seconds, 5.0)),
        "figures": {"textwright": ours, **found},
    }
    write_report(options.json, rows, before, extra)


def read_options() -> argparse.Namespace:
    """Read the options."""
    parser = make_parser((__doc__ or "").splitlines()[0])
    names = ("fastapi", *PLATFORMS)
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="peers to measure")
    parser.add_argument("--seconds", type=float, help="of each measurement; 10, with --quick 1")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS}, with --quick 1")
    options = parser.parse_args()
    options.seconds = options.seconds or (1.0 if options.quick else 10.0)
    options.warm = 1.0 if options.quick else WARM_S
    options.rounds = options.rounds or (1 if options.quick else ROUNDS)
    return options


def find_start(name: str, artifact: Path, folder: Path) -> Start:
    """Say how a peer is started, and make what it needs."""
    python = open_environment(name)
    script = str(PEERS / f"{name}_server.py")
    environment = {
        "BENCH_ARTIFACT": str(artifact),
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(PEERS),
        "HOME": str(folder),
        **QUIET,
    }
    body = json.dumps(ask_body(name, "where is my parcel")).encode()
    if name == "bentoml":
        command = [str(python), "-m", "bentoml", "serve", "bentoml_server:Labels"]
        command += ["--port", "{port}", "--host", "127.0.0.1", "--api-workers", "1"]
        return Start(command, path_of(name), body, environment, PEERS)
    if name == "mlflow":
        model = folder / "mlflow-model"
        shutil.rmtree(model, ignore_errors=True)
        subprocess.run([python, script, model], env={**os.environ, **environment}, check=True)
        command = [str(python), "-m", "mlflow", "models", "serve", "-m", str(model)]
        command += ["--env-manager", "local", "--workers", "1", "--port", "{port}"]
        return Start(command, path_of(name), body, environment, folder)
    return Start([str(python), script, "{port}"], path_of(name), body, environment, folder)


QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "BENTOML_DO_NOT_TRACK": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "LITSERVE_DISABLE_TELEMETRY": "1",
}


def path_of(name: str) -> str:
    """Give the address that a server predicts at."""
    return {"textwright": PREDICT, "mlflow": "/invocations"}.get(name, "/predict")


def ask_body(name: str, text: str) -> dict[str, Any]:
    """Give a request for one text in a server's own form."""
    forms: dict[str, dict[str, Any]] = {
        "textwright": {"inputs": [text]},
        "mlflow": {"inputs": [text]},
        "bentoml": {"texts": [text]},
    }
    return forms.get(name, {"text": text})


def measure(
    name: str, start: Start, expected: Mapping[str, str], options: argparse.Namespace
) -> dict[str, float]:
    """Run one server through all numbers of connections; gives its figures."""
    print(f"measuring {name}", file=sys.stderr)
    bodies = [json.dumps(ask_body(name, text), ensure_ascii=False) for text in expected]
    figures: dict[str, float] = {"wrong": 0, "errors": 0}
    before = processor_times()
    with serving(start) as server:
        figures["first_answer_s"] = server.first_answer_s
        generate(Job(server.port, start.path, bodies, 32, options.warm))
        for connections in CONNECTIONS:
            count = len(bodies) if connections > 1 else 64
            warm = generate(Job(server.port, start.path, bodies[:count], connections))
            figures["wrong"] += count_wrong(warm["answers"], list(expected.values()))
            job = Job(server.port, start.path, bodies, connections, options.seconds)
            found = generate(job)
            figures["errors"] += warm["errors"] + found["errors"]
            for key in ("rate", "p50_ms", "p99_ms"):
                figures[f"{key} {connections}"] = found[key]
        figures["memory_mb"] = server.memory_mb()
    figures["stolen_share"] = stolen_share(before)
    if figures["wrong"]:
        raise SystemExit(f"{name} gave {figures['wrong']:.0f} wrong labels")
    return figures


def find_labels(artifact: Path, texts: list[str]) -> dict[str, str]:
    """Give the label of each text, as the network gives it to one text alone."""
    from textwright.runtime.answer import Answerer
    from textwright.runtime.artifact import open_artifact

    answerer = Answerer(open_artifact(artifact))
    return {text: answerer.predict([text])[0].label for text in texts}


def count_wrong(answers: list[str], expected: list[str]) -> int:
    """Count the responses whose first label is another; those that failed are errors instead."""
    found = [LABEL.search(each) for each in answers]
    return sum(
        each is not None and each[0] != label for each, label in zip(found, expected, strict=False)
    )


def offline_rate(artifact: Path, texts: list[str]) -> dict[str, float]:
    """Texts a second of the session alone on one core, in batches of 32.

    as_given: batches in the order of the texts; sorted: by length, which pads least.
    """
    from textwright.runtime.answer import Answerer
    from textwright.runtime.artifact import open_artifact

    answerer = Answerer(open_artifact(artifact))
    encodings = answerer.encode(texts)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        rates = {}
        ordered = sorted(encodings, key=lambda each: len(each.ids))
        for name, rows in (("as_given", encodings), ("sorted", ordered)):
            batches = [rows[at : at + MOST_TEXTS] for at in range(0, len(rows), MOST_TEXTS)]
            best = float("inf")
            for _ in range(10):
                began = time.perf_counter()
                for batch in batches:
                    answerer.run(batch)
                best = min(best, time.perf_counter() - began)
            rates[name] = len(rows) / best
        return rates
    finally:
        os.sched_setaffinity(0, cores)


def generator_limit(seconds: float) -> float:
    """Give the requests a second that the generator sends to a server that does nothing."""
    command = (sys.executable, str(PEERS / "nothing_server.py"), "{port}")
    body = json.dumps(ask_body("fastapi", "where is my parcel"))
    with serving(Start(command, "/predict", body.encode())) as server:
        rate: float = generate(Job(server.port, "/predict", [body], 32, seconds))["rate"]
        return rate


def compare(name: str, ours: Mapping[str, float], theirs: Mapping[str, float]) -> list[Row]:
    """Make the rows of one peer."""
    rows = []
    for connections in CONNECTIONS:
        key, line = f"rate {connections}", f"requests/s, {connections} connections"
        rows.append(higher_is_better(line, "1/s", ours[key], theirs[key], name))
        for quantile in ("p50", "p99"):
            key, line = f"{quantile}_ms {connections}", f"{quantile}, {connections} connections"
            rows.append(lower_is_better(line, "ms", ours[key], theirs[key], name))
    for key, line, unit in (
        ("first_answer_s", "start to first answer", "s"),
        ("memory_mb", "resident memory", "MB"),
    ):
        rows.append(lower_is_better(line, unit, ours[key], theirs[key], name))
    return rows


def shares_of_limit(ours: Mapping[str, float], limits: Mapping[str, float]) -> list[Row]:
    """Hold our requests a second against what the session can answer at most."""
    best = max(ours[f"rate {each}"] for each in CONNECTIONS)
    names = {
        "as_given": "session alone, batches of 32 as the texts come",
        "sorted": "session alone, batches of 32 sorted by length",
    }
    return [
        higher_is_better("requests/s, most of all connections", "1/s", best, limits[each], name)
        for each, name in names.items()
    ]


if __name__ == "__main__":
    main()
