"""What this machine needs: the home folder, the database's address, the artifact store.

Nothing here changes a result; what does stands in the recipe.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from textwright.errors import SettingsError

HOME = ".textwright"


@dataclass(frozen=True)
class Settings:
    """Where this machine keeps things.

    home:      folder of the database, artifacts, records, cache, unfinished runs and searches.
    database:  SQLAlchemy address; a SQLite file in the home folder unless stated.
    artifacts: folder or fsspec address of the artifact store.
    retention_days: for which held-out texts are kept before they may be erased by age; None: no
                    limit.
    webhook_targets: hosts and networks inside our own that may be told of events.
    """

    home: Path
    database: str
    artifacts: str
    retention_days: int | None = None
    webhook_targets: tuple[str, ...] = ()

    @property
    def runs(self) -> Path:
        """Folder of the runs under way: checkpoints, and artifacts not yet sealed."""
        return self.home / "runs"

    @property
    def searches(self) -> Path:
        """Folder of the searches for settings: their trials, by what they depend on."""
        return self.home / "searches"

    @property
    def cache(self) -> Path:
        """Folder of what was fetched from a store on another machine; may be emptied."""
        return self.home / "cache" / "artifacts"

    @property
    def states(self) -> Path:
        """Folder of what frozen encoders made of training texts; may be emptied."""
        return self.home / "cache" / "states"

    @property
    def records(self) -> Path:
        """Folder of held-out answers and pictures, by artifact: what may be erased."""
        return self.home / "records"


@dataclass(frozen=True)
class ServerSettings:
    """The server that commands act through.

    address: as in ``https://host:8000``. key: of who acts; empty: none was given.
    """

    address: str
    key: str = field(repr=False)

    @property
    def is_readable_on_the_way(self) -> bool:
        """Whether others on the network can read the key."""
        parts = urlsplit(self.address)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        return bool(self.key) and parts.scheme == "http" and not local


def find_server(environment: Mapping[str, str] | None = None) -> ServerSettings | None:
    """Give the server that TEXTWRIGHT_SERVER names, with TEXTWRIGHT_KEY; None when it is not set.

    Raises SettingsError for an address that is none.
    """
    known = os.environ if environment is None else environment
    address = known.get("TEXTWRIGHT_SERVER", "")
    if not address:
        return None
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = None
    if not whole or "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingsError(
            f"TEXTWRIGHT_SERVER is {address!r}.", "Write it as https://host:8000 alone."
        )
    return ServerSettings(address, known.get("TEXTWRIGHT_KEY", "").strip())


def find_settings(
    *,
    create: bool = False,
    start: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Find the home folder and the addresses.

    The home is TEXTWRIGHT_HOME, or the nearest ``.textwright`` upward from ``start`` (the
    working folder). TEXTWRIGHT_DATABASE and TEXTWRIGHT_ARTIFACTS point elsewhere for a team;
    TEXTWRIGHT_RETENTION_DAYS limits how long held-out texts are kept; TEXTWRIGHT_WEBHOOK_TARGETS
    lists private hosts and networks that webhooks may reach.

    create: make ``.textwright`` in ``start`` when there is none, as ``train`` does.
    environment: read instead of the process's own.
    Raises SettingsError when there is no home and none may be made, or when TEXTWRIGHT_SERVER is
    set: what needs the home would not act where other commands do.
    """
    known = os.environ if environment is None else environment
    refuse_server(known)
    start = (Path.cwd() if start is None else start).resolve()
    home = find_home(start, known.get("TEXTWRIGHT_HOME", ""))
    if home is None and not create:
        raise SettingsError(
            f"There is no {HOME} folder in {start} or above it.",
            "Train a model first, go to the folder you trained in, or set TEXTWRIGHT_HOME.",
        )
    home = start / HOME if home is None else home
    if create:
        make_home(home)
    return Settings(
        home=home,
        database=known.get("TEXTWRIGHT_DATABASE") or f"sqlite:///{home / 'textwright.db'}",
        artifacts=known.get("TEXTWRIGHT_ARTIFACTS") or str(home / "artifacts"),
        retention_days=read_days(known.get("TEXTWRIGHT_RETENTION_DAYS", "")),
        webhook_targets=tuple(
            known.get("TEXTWRIGHT_WEBHOOK_TARGETS", "").replace(",", " ").split()
        ),
    )


def find_weights(environment: Mapping[str, str] | None = None) -> list[Path]:
    """Give the folders of TEXTWRIGHT_WEIGHTS: those with weights that artifacts do not hold."""
    known = os.environ if environment is None else environment
    stated = known.get("TEXTWRIGHT_WEIGHTS", "")
    return [Path(each).expanduser() for each in stated.split(os.pathsep) if each]


def refuse_server(known: Mapping[str, str]) -> None:
    """Refuse to work on a home while commands act through a server."""
    if known.get("TEXTWRIGHT_SERVER"):
        raise SettingsError(
            "This works on the database and the artifacts themselves, not through a server.",
            "Unset TEXTWRIGHT_SERVER, and do it where they can be reached.",
        )


def read_days(stated: str) -> int | None:
    """Read a number of days; raises SettingsError for anything but a whole number from 1."""
    if not stated:
        return None
    if not stated.isascii() or not stated.isdigit() or int(stated) < 1:
        what = f"TEXTWRIGHT_RETENTION_DAYS is {stated!r}."
        raise SettingsError(what, "Give a whole number of days, such as 90, or leave it out.")
    return int(stated)


def find_home(start: Path, stated: str) -> Path | None:
    """Give the stated home, else the nearest ``.textwright`` from ``start`` upward."""
    if stated:
        return Path(stated).expanduser().resolve()
    for folder in (start, *start.parents):
        if (folder / HOME).is_dir():
            return folder / HOME
    return None


def make_home(home: Path) -> None:
    """Make the home folder; raises SettingsError when that cannot be."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Choose a folder you may write to with TEXTWRIGHT_HOME."
        raise SettingsError(f"{home} cannot be made: {error.strerror}.", hint) from error
