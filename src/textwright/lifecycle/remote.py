"""The store of artifacts on another machine, over fsspec: S3, or any store of objects.

Blobs are uploaded first and the manifest last, so a prefix with a manifest is whole; a process
killed on the way leaves blobs without one, which nothing reads. What is read comes through a
local folder, where it is checked each time as a local store checks it.
"""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from textwright.errors import ArtifactError, MissingExtraError, SettingsError
from textwright.lifecycle.artifacts import (
    ADDRESS,
    TEMPORARY,
    ArtifactStore,
    Store,
    make_folder,
)
from textwright.manifest import (
    NAME,
    RESTORE,
    FileEntry,
    Manifest,
    address_of,
    parse_manifest,
    read_manifest,
)

PIECE_BYTES = 8 << 20  # S3 takes parts of a file from 5 MiB on


def open_store(address: str, cache: Path) -> Store:
    """Open the store at an address: a local folder, or ``s3://bucket/prefix`` and its like.

    cache: local folder for what is read from a store on another machine.
    Raises MissingExtraError when the package for it is missing.
    """
    if "://" not in address or address.startswith("file://"):
        return ArtifactStore(address)
    return RemoteStore(address, cache)


class RemoteStore:
    """Artifacts as objects under an address, read through a local folder."""

    def __init__(self, address: str, cache: Path) -> None:
        import fsspec  # 0.1 s that a local store never pays

        self.address = address.rstrip("/")
        try:
            self.files, self.root = fsspec.core.url_to_fs(
                self.address, use_listings_cache=False, skip_instance_cache=True
            )
        except ImportError as error:
            raise MissingExtraError(
                f"The artifact store {address} needs a package: {error}.",
                "Install it: pip install 'textwright[s3]'.",
            ) from error
        except ValueError as error:
            raise SettingsError(
                f"The artifact store {address} is of no known kind: {error}.",
                "Write a folder, or s3://bucket/prefix.",
            ) from error
        self.cache = ArtifactStore(cache)

    def put(self, folder: Path) -> str:
        """Upload an artifact and return its address; one that is there and whole stays.

        Raises ArtifactError when the folder is no whole artifact, or the store takes nothing.
        """
        entries = read_manifest(folder).files
        address = address_of(folder)
        with self.explained():
            if self.holds(address):
                return address
            for entry in entries:
                self.upload(folder / entry.name, f"{address}/{entry.name}", entry.sha256)
            self.upload(folder / NAME, f"{address}/{NAME}", address)
        return address

    def upload(self, source: Path, target: str, sha256: str) -> None:
        """Send one file while hashing it; a file with another hash is never completed.

        Objects appear whole, when their last part is there. Raises ArtifactError.
        """
        if source.is_symlink() or not source.is_file():
            raise ArtifactError(f"{source} is missing, or no plain file.", "Train the model again.")
        digest = hashlib.sha256()
        writer = self.files.open(f"{self.root}/{target}", "wb", block_size=PIECE_BYTES)
        with source.open("rb", buffering=0) as reader:
            while piece := reader.read(PIECE_BYTES):
                digest.update(piece)
                writer.write(piece)
        if digest.hexdigest() != sha256:
            writer.discard()
            writer.closed = True  # or its end would complete it
            raise ArtifactError(
                f"{source} was changed: its hash differs.", "Train the model again."
            )
        writer.close()

    def folder(self, address: str) -> Path:
        """Local folder of an artifact, after every byte of it was checked; fetched if need be."""
        if not self.cache.holds(address):
            temporary = self.cache.root / f"{TEMPORARY}{address[:16]}-{secrets.token_hex(4)}"
            with self.explained():
                manifest = self.read_manifest(address)
                try:
                    make_folder(temporary)
                    (temporary / NAME).write_bytes(self.read_all(f"{address}/{NAME}"))
                    for entry in manifest.files:
                        self.download(address, entry, temporary / entry.name)
                    self.cache.move_in(temporary, address)
                finally:
                    shutil.rmtree(temporary, ignore_errors=True)
        return self.cache.folder(address)

    def download(self, address: str, entry: FileEntry, target: Path) -> None:
        """Fetch one file while hashing it, and flush it to the disk; raises ArtifactError."""
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
        with open(descriptor, "wb") as writer:
            for piece in self.checked(address, entry):
                writer.write(piece)
            writer.flush()
            os.fsync(descriptor)

    def check(self, address: str) -> None:
        """Read every byte that the store keeps of an artifact; the local copy does not count.

        Raises ArtifactError naming what is missing or was changed.
        """
        with self.explained():
            for entry in self.read_manifest(address).files:
                for _ in self.checked(address, entry):
                    pass

    def checked(self, address: str, entry: FileEntry) -> Iterator[bytes]:
        """Yield a file in pieces; raises ArtifactError at its end when the hash differs."""
        place = f"{self.address}/{address}/{entry.name}"
        digest, size = hashlib.sha256(), 0
        try:
            with self.files.open(f"{self.root}/{address}/{entry.name}", "rb") as reader:
                while piece := reader.read(PIECE_BYTES):
                    digest.update(piece)
                    size += len(piece)
                    yield piece
        except FileNotFoundError as error:
            raise ArtifactError(f"{place} is missing.", RESTORE) from error
        if size != entry.size_bytes:
            what = f"{place} has {size} bytes, its manifest says {entry.size_bytes}."
            raise ArtifactError(what, RESTORE)
        if digest.hexdigest() != entry.sha256:
            raise ArtifactError(f"{place} was changed: its hash differs.", RESTORE)

    def read_manifest(self, address: str) -> Manifest:
        """Fetch and check the manifest of an artifact; raises ArtifactError."""
        if not ADDRESS.fullmatch(address):
            raise ArtifactError(f"The store {self.address} holds no artifact {address}.", RESTORE)
        try:
            content = self.read_all(f"{address}/{NAME}")
        except FileNotFoundError as error:
            what = f"The store {self.address} holds no artifact {address}."
            raise ArtifactError(what, RESTORE) from error
        if hashlib.sha256(content).hexdigest() != address:
            what = f"{self.address}/{address}/{NAME} was changed: its hash is not the address."
            raise ArtifactError(what, RESTORE)
        return parse_manifest(content, f"{self.address}/{address}")

    def read_all(self, path: str) -> bytes:
        """Read a small object."""
        content: bytes = self.files.cat_file(f"{self.root}/{path}")
        return content

    def holds(self, address: str) -> bool:
        """Whether the store has the artifact, whole; every byte of it is read."""
        try:
            self.check(address)
        except ArtifactError as error:
            if isinstance(error.__cause__, FileNotFoundError | None):
                return False
            raise
        return True

    def place(self, address: str) -> str:
        """Say where an artifact is kept."""
        return f"{self.address}/{address}"

    def addresses(self) -> list[str]:
        """Addresses of the artifacts that have a manifest, sorted."""
        return sorted(name for name, objects in self.listed().items() if is_artifact(name, objects))

    def stray(self) -> list[str]:
        """Everything in the store that is no artifact, such as what a killed upload left."""
        names = (name for name, objects in self.listed().items() if not is_artifact(name, objects))
        return sorted(f"{self.address}/{name}" for name in names)

    def listed(self) -> dict[str, dict[str, Any]]:
        """Everything in the store: objects with their facts, by what stands before the slash."""
        with self.explained():
            found = self.files.find(self.root, detail=True)
        listed: dict[str, dict[str, Any]] = {}
        for path, facts in found.items():
            name, _, rest = path.removeprefix(self.root).lstrip("/").partition("/")
            listed.setdefault(name, {})[rest] = facts
        return listed

    def take_away(self, address: str) -> None:
        """Remove an artifact, its manifest first: without one, it is no artifact any more."""
        with self.explained():
            for name in (NAME, ""):
                path = f"{self.root}/{address}/{name}".rstrip("/")
                if self.files.exists(path):
                    self.files.rm(path, recursive=not name)
        if (self.cache.root / address).is_dir():
            self.cache.take_away(address)

    def clear(self, older_s: float, *, pretend: bool = False) -> list[str]:
        """Remove blobs without a manifest that are older than so many seconds; names them."""
        before = time.time() - older_s
        found = [
            name
            for name, objects in self.listed().items()
            if ADDRESS.fullmatch(name)
            and not is_artifact(name, objects)
            and all(changed_at(facts) <= before for facts in objects.values())
        ]
        for name in () if pretend else found:
            self.take_away(name)
        return [f"{self.address}/{name}" for name in found]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what fsspec and its drivers raise into an ArtifactError."""
        try:
            yield
        except ArtifactError:
            raise
        except Exception as error:
            if not isinstance(error, OSError) and "boto" not in type(error).__module__:
                raise
            raise ArtifactError(
                f"The artifact store {self.address} cannot be used: {error}.",
                "Nothing was changed. Check the address, the network and the credentials.",
            ) from error


def is_artifact(name: str, objects: dict[str, Any]) -> bool:
    """Whether a prefix has the name of an artifact and a manifest."""
    return bool(ADDRESS.fullmatch(name)) and NAME in objects


def changed_at(facts: dict[str, Any]) -> float:
    """When an object was written, in seconds since 1970; 0 where the store does not say."""
    written = facts.get("LastModified") or facts.get("created")
    return written.timestamp() if isinstance(written, datetime) else 0.0
