"""How fast the registry is, at 10^5 versions and 10^6 events, on both databases.

    python bench/registry.py [--json FILE] [--quick]

PostgreSQL is the server that TEXTWRIGHT_TEST_POSTGRES names, or one of our own where Debian's
package is installed. Rows are generated in bulk, with a journal whose chain is whole. What stands
beside our times as a peer is a goal, or the machine's own speed at the plain work.
"""

import hashlib
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from rounds import (
    ROUNDS,
    Row,
    higher_is_better,
    lower_is_better,
    processor_times,
    read_options,
    write_report,
)
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.gc import keep_artifact
from textwright.lifecycle.journal import GENESIS, Entry, chain_hash, read_events, write_entry
from textwright.lifecycle.pointer import PointerReader
from textwright.lifecycle.registry import (
    NewVersion,
    add_model,
    add_version,
    find_version,
    list_versions,
)
from textwright.lifecycle.rollout import promote, read_deployment, rollback
from textwright.lifecycle.tables import Event, Head, Version
from textwright.manifest import write_manifest

MODELS = 100
AT_ONCE = 10_000
PAGE_GOAL_MS, LOOKUP_GOAL_MS = 50.0, 5.0
SHARE_GOAL = 0.5  # of the speed of plain hashing and copying
PIECE = 1 << 20


def fill(sessions: Sessions, versions: int, events: int) -> None:
    """Put models, versions and a chained journal into an empty database, in bulk."""
    with sessions.begin() as session:
        for number in range(MODELS):
            add_model(session, f"model-{number}", actor="bench")
        each = versions // MODELS
        for start in range(0, versions, AT_ONCE):
            rows = [
                make_version(place, each) for place in range(start, min(start + AT_ONCE, versions))
            ]
            session.execute(insert(Version), rows)
        session.execute(text(f"UPDATE model SET newest = {each}"))
        fill_journal(session, events)
    with sessions.begin() as session:
        session.execute(text("ANALYZE"))


def fill_journal(session: Session, events: int) -> None:
    """Put events after those that are there, up to a number of them."""
    last = session.execute(text("SELECT sequence, hash FROM head")).one()
    sequence, previous = last.sequence, last.hash or GENESIS
    while sequence < events:
        rows: list[dict[str, object]] = []
        while sequence < events and len(rows) < AT_ONCE:
            sequence += 1
            subject = f"model-{sequence % MODELS}"
            entry = Entry(sequence, "2026-01-01T00:00:00", "measured", "bench", subject, {})
            line = write_entry(entry)
            digest = chain_hash(previous, line)
            rows.append(
                {
                    "sequence": sequence,
                    "model": subject,
                    "kind": "measured",
                    "previous": previous,
                    "hash": digest,
                    "text": line,
                }
            )
            previous = digest
        session.execute(insert(Event), rows)
    session.execute(update(Head).values(sequence=sequence, hash=previous))


def make_version(place: int, of_a_model: int) -> dict[str, object]:
    """Make the row of one version."""
    return {
        "model_id": place // of_a_model + 1,
        "number": place % of_a_model + 1,
        "artifact": hashlib.sha256(str(place).encode()).hexdigest(),
        "evaluated": True,
        "scores": {"accuracy": 0.9},
        "gated": 1,
    }


def time_ms(action: Callable[[], object], times: int) -> list[float]:
    """Time an action, in milliseconds; the first call is not counted."""
    action()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def time_in_turn(actions: Mapping[str, Callable[[], object]], times: int) -> dict[str, list[float]]:
    """Time actions one after the other, again and again, in milliseconds."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(times):
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            taken[name].append((time.perf_counter() - started) * 1000)
    return taken


def percentile(taken: list[float], percent: int) -> float:
    """Give a percentile of times."""
    return quantiles(taken, n=100, method="inclusive")[percent - 1]


def measure(address: str, name: str, times: int) -> Iterator[Row]:
    """Measure reading and moving in a filled database."""
    sessions = open_database(address)
    reader = PointerReader(address)

    def page() -> None:
        with sessions() as session:
            list_versions(session, "model-7", before=900, limit=100)

    def events() -> None:
        with sessions() as session:
            read_events(session, "model-7", before=500_000, limit=100)

    def lookup() -> None:
        with sessions() as session:
            read_deployment(session, "model-7")

    for line, action, goal in (
        ("page of 100 versions p95", page, PAGE_GOAL_MS),
        ("page of 100 events p95", events, PAGE_GOAL_MS),
        ("deployment lookup p95", lookup, LOOKUP_GOAL_MS),
        ("server's read of all deployments p95", reader.read, LOOKUP_GOAL_MS),
    ):
        yield lower_is_better(
            f"{name}: {line}", "ms", percentile(time_ms(action, times), 95), goal, "the goal"
        )
    reader.close()
    yield from measure_moves(sessions, name, times)
    sessions.close()


def measure_moves(sessions: Sessions, name: str, times: int) -> Iterator[Row]:
    """Measure promote and rollback, each a transaction that is on the disk at its end.

    Beside them stands a transaction that changes one row and no more.
    """
    with sessions.begin() as session:
        model = find_version(session, "model-9@latest").model.name
        for number in (1, 2):
            version = find_version(session, f"{model}@{number}")
            record_verdicts(session, version, [], actor="bench")

    def bare() -> None:
        with sessions.begin() as session:
            session.execute(text("UPDATE model SET created_at = :now WHERE id = 1"), {"now": now()})

    def go(number: int) -> None:
        with sessions.begin() as session:
            version = find_version(session, f"{model}@{number}")
            promote(session, version, actor="bench", reason="")

    def back() -> None:
        with sessions.begin() as session:
            rollback(session, model, actor="bench", reason="")

    def forward() -> None:
        go(2)

    go(1)
    taken = time_in_turn({"promote": forward, "rollback": back, "bare": bare}, times)
    for what in ("promote", "rollback"):
        for percent in (50, 99):
            yield lower_is_better(
                f"{name}: {what} p{percent}",
                "ms",
                percentile(taken[what], percent),
                percentile(taken["bare"], percent),
                "an update of one row, committed",
            )


def now() -> str:
    """Write the time, so that each update changes its row."""
    return str(datetime.now(UTC).replace(tzinfo=None))


def measure_artifact(folder: Path, size_bytes: int) -> Iterator[Row]:
    """Measure registering large artifacts against hashing and copying them and no more, in turn."""
    sessions = open_database(folder / "textwright.db", create=True)
    store = ArtifactStore(folder / "artifacts")
    with sessions.begin() as session:
        add_model(session, "intents", actor="bench")
    plain, ours = [], []
    grown = 0.0
    for number in range(ROUNDS):
        built = build_artifact(folder / f"built-{number}", size_bytes)
        plain.append(copy_plainly(built / "weights.safetensors", folder / "copy"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        os.sync()
        started = time.perf_counter()
        address = keep_artifact(sessions, store, built)
        with sessions.begin() as session:
            add_version(session, "intents", NewVersion(address, None, {}, True), actor="bench")
        ours.append(size_bytes / (time.perf_counter() - started) / 1e6)
        grown = max(grown, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
        shutil.rmtree(built)
        shutil.rmtree(folder / "artifacts" / address)
    sessions.close()
    name = f"registering an artifact of {size_bytes / 1e6:.0f} MB"
    goal = median(plain) * SHARE_GOAL
    yield higher_is_better(name, "MB/s", median(ours), goal, "half of plain hash-and-copy")
    yield lower_is_better(f"{name}: memory grown", "MiB", max(grown, 0.01), 32.0, "the goal")


def build_artifact(built: Path, size_bytes: int) -> Path:
    """Make the folder of an artifact whose weights are chance."""
    built.mkdir()
    with (built / "weights.safetensors").open("wb") as file:
        for _ in range(size_bytes // PIECE):
            file.write(os.urandom(PIECE))
    write_manifest(built, "classify", {"encoder": "bag"})
    return built


def copy_plainly(source: Path, target: Path) -> float:
    """Hash a file, copy it, and flush the copy to the disk; gives MB a second."""
    os.sync()
    started = time.perf_counter()
    digest = hashlib.sha256()
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        while piece := reader.read(PIECE):
            digest.update(piece)
            writer.write(piece)
        os.fsync(writer.fileno())
    speed = source.stat().st_size / (time.perf_counter() - started) / 1e6
    target.unlink()
    return speed


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Give an empty database of each kind that can be had here."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.lifecycle.conftest import run_server, serve_database

    found = {"SQLite": str(folder / "registry.db")}
    given = os.environ.get("TEXTWRIGHT_TEST_POSTGRES")
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if given:
        made = serve_database(given)
        yield {**found, "PostgreSQL": next(made)()}
        next(made, None)
    elif binaries:
        with run_server(binaries[-1].parent, fsync=True) as address:
            made = serve_database(address)
            yield {**found, "PostgreSQL": next(made)()}
            next(made, None)
    else:
        yield found


def main() -> None:
    """Measure everything and write the rows."""
    options = read_options(__doc__ or "")
    before = processor_times()
    versions, events, times = (2_000, 10_000, 30) if options.quick else (100_000, 1_000_000, 300)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="textwright-bench-") as place:
        folder = Path(place)
        rows += measure_artifact(folder, (64 if options.quick else 1024) * PIECE)
        with databases(folder) as addresses:
            for name, address in addresses.items():
                sessions = open_database(address, create=True)
                fill(sessions, versions, events)
                sessions.close()
                rows += measure(address, name, times)
    size = f"{versions} versions, {events} events"
    write_report(options.json, rows, before, {"size": size})


if __name__ == "__main__":
    main()
