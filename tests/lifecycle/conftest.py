"""A database of each kind, and artifacts to keep.

PostgreSQL is the server that TEXTWRIGHT_TEST_POSTGRES names, or one of our own where Debian's
package is installed: on 127.0.0.1, its data in a temporary folder, gone after the tests.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions, open_database, upgrade_database
from textwright.lifecycle.journal import GENESIS
from textwright.lifecycle.schema import REVISION
from textwright.manifest import write_manifest

Server = Callable[[], str]  # empties a database with our schema and gives its address
EMPTY = (  # what brings a database back to the state after its creation
    "ALTER TABLE event DISABLE TRIGGER USER",
    "TRUNCATE model, dataset, run, run_dataset, version, evidence, verdict, deployment, event, "
    "count, lease, webhook, outbox, principal, key, held_out, loose, "
    "prediction, feedback, replay, secret RESTART IDENTITY",
    "ALTER TABLE event ENABLE TRIGGER USER",
    f"UPDATE head SET sequence = 0, hash = '{GENESIS}'",
    f"UPDATE alembic_version SET version_num = '{REVISION}'",
)
on_sqlite = pytest.mark.parametrize("address", ["sqlite"], indirect=True)  # where one is enough


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database with our schema."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "textwright.db")
        return str(tmp_path / "textwright.db")
    make: Server = request.getfixturevalue("postgresql")
    return make()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty database once, to copy: running the revisions takes 0.1 s."""
    path = tmp_path_factory.mktemp("template") / "textwright.db"
    upgrade_database(path)
    return path


@pytest.fixture
def sessions(address: str) -> Iterator[Sessions]:
    """Open a database of each kind, empty."""
    opened = open_database(address)
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    """Make an empty store of artifacts."""
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Make an artifact."""
    return make_artifact(tmp_path / "built", "first")


def make_artifact(folder: Path, content: str) -> Path:
    """Write an artifact's folder; another content gives another address."""
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text(f'name = "{content}"\n', encoding="utf-8")
    (folder / "labels.json").write_text('["a", "b"]', encoding="utf-8")
    (folder / "model.onnx").write_bytes(content.encode() * 1000)
    write_manifest(folder, "classify", {"encoder": "bag"})
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """Make a database on a server of PostgreSQL; skip where there is none."""
    given = os.environ.get("TEXTWRIGHT_TEST_POSTGRES")
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if given:
        yield from serve_database(given)
    elif binaries:
        with run_server(binaries[-1].parent) as address:
            yield from serve_database(address)
    else:
        reason = "no PostgreSQL: set TEXTWRIGHT_TEST_POSTGRES or install postgresql"
        if os.environ.get("TEXTWRIGHT_CI"):
            pytest.fail(reason)  # it installs the services, so their absence is a fault
        pytest.skip(reason)


def serve_database(server: str) -> Iterator[Server]:
    """Make one database, which each test gets empty: making one for each takes half a second."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    name = f"textwright_{os.getpid()}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    address = url.set(database=name).render_as_string(hide_password=False)
    upgrade_database(address)
    tables = create_engine(address)

    def make() -> str:
        with tables.begin() as connection:
            for statement in EMPTY:
                connection.execute(text(statement))
        return address

    yield make
    tables.dispose()
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@contextmanager
def run_server(binaries: Path, *, fsync: bool = False) -> Iterator[str]:
    """Run a server of our own, as the user postgres where we are root.

    fsync: whether what it commits survives a loss of power; a test does not ask for that.
    """
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="textwright-postgresql-"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(folder / "data")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    options += "" if fsync else " -c fsync=off"
    start = ["pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"]
    for command in (["initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], start):
        run_binary(binaries, command, user)
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        run_binary(binaries, ["pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], user)
        shutil.rmtree(folder)


def run_binary(binaries: Path, command: list[str], user: str | None) -> None:
    """Run one of PostgreSQL's programs; its output only where it fails."""
    command = [str(binaries / command[0]), *command[1:]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=user, cwd="/")
