"""The store of artifacts: folders named by their address, written whole or not at all.

An artifact is copied under a temporary name, flushed to the disk, and renamed. A process killed
on the way leaves a temporary folder, which ``stray`` names and nothing reads.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from textwright.errors import ArtifactError, SettingsError
from textwright.manifest import NAME, RESTORE, address_of, check_files, read_manifest

ADDRESS = re.compile(r"[0-9a-f]{64}")
TEMPORARY = ".writing-"
PIECE_BYTES = 1 << 20


class Store(Protocol):
    """What every store of artifacts can do: a local folder's, and ``remote``'s."""

    def put(self, folder: Path) -> str:
        """Keep a copy of an artifact and return its address."""

    def folder(self, address: str) -> Path:
        """Local folder of an artifact, every byte of it checked."""

    def check(self, address: str) -> None:
        """Read every byte of what is kept; raises ArtifactError when something is wrong."""

    def place(self, address: str) -> str:
        """Say where an artifact is kept."""

    def addresses(self) -> list[str]:
        """Addresses of the artifacts that look complete, sorted."""

    def stray(self) -> list[str]:
        """Everything in the store that is no artifact."""

    def take_away(self, address: str) -> None:
        """Remove an artifact; it is whole, or gone."""

    def clear(self, older_s: float, *, pretend: bool = False) -> list[str]:
        """Remove what killed writers left and nobody touched for so many seconds; names it."""


class ArtifactStore:
    """Artifacts in a local folder, which is created with the first one."""

    def __init__(self, root: str | Path) -> None:
        text = str(root).removeprefix("file://")
        if "://" in text:
            raise SettingsError(
                f"The artifact store {text} is no local folder.", "Name a folder instead."
            )
        self.root = Path(text)

    def put(self, folder: Path) -> str:
        """Keep a copy of an artifact and return its address; it is on the disk when this returns.

        One that is there already stays; a damaged one is replaced.
        Raises ArtifactError when the folder is no whole artifact, or the store cannot be written.
        """
        entries = read_manifest(folder).files
        address = address_of(folder)
        if self.holds(address):
            return address
        temporary = self.root / f"{TEMPORARY}{address[:16]}-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            make_folder(temporary)
            for entry in entries:
                copy_file(folder / entry.name, temporary / entry.name, entry.sha256)
            copy_file(folder / NAME, temporary / NAME, address)
            self.move_in(temporary, address)
        except OSError as error:
            raise unwritable(self.root, error) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return address

    def move_in(self, temporary: Path, address: str) -> None:
        """Give a complete folder its name, in place of a damaged one if there is one."""
        flush_folder(temporary)
        final = self.root / address
        try:
            os.rename(temporary, final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            if self.holds(address):  # another process was first
                return
            os.rename(final, temporary.with_name(temporary.name + "-damaged"))
            os.rename(temporary, final)
            shutil.rmtree(temporary.with_name(temporary.name + "-damaged"), ignore_errors=True)
        flush_folder(self.root)

    def folder(self, address: str) -> Path:
        """Folder of an artifact, after every byte of it was checked against its address.

        Raises ArtifactError naming what is missing or was changed.
        """
        folder = self.root / address
        if not ADDRESS.fullmatch(address) or not folder.is_dir():
            raise ArtifactError(f"The store {self.root} holds no artifact {address}.", RESTORE)
        if (folder / NAME).is_file() and address_of(folder) != address:
            raise ArtifactError(
                f"{folder / NAME} was changed: its hash is not the artifact's address.", RESTORE
            )
        check_files(folder, read_manifest(folder))
        return folder

    def check(self, address: str) -> None:
        """Read every byte of what is kept; raises ArtifactError when something is wrong."""
        self.folder(address)

    def place(self, address: str) -> str:
        """Say where an artifact is kept."""
        return str(self.root / address)

    def take_away(self, address: str) -> None:
        """Remove an artifact: it loses its name first, so it is whole or gone."""
        gone = self.root / f"{TEMPORARY}{address[:16]}-gone-{secrets.token_hex(4)}"
        try:
            os.rename(self.root / address, gone)
            flush_folder(self.root)
        except FileNotFoundError:
            return  # an earlier attempt came so far
        except OSError as error:
            raise unwritable(self.root, error) from error
        shutil.rmtree(gone, ignore_errors=True)

    def clear(self, older_s: float, *, pretend: bool = False) -> list[str]:
        """Remove what killed writers left and nobody touched for so many seconds; names it.

        pretend: only name it. A file or folder that no writer of ours makes stays.
        """
        before = time.time() - older_s
        found = [
            path
            for path in self.entries()
            if path.name.startswith(TEMPORARY) and path.stat().st_mtime <= before
        ]
        for path in () if pretend else found:
            shutil.rmtree(path, ignore_errors=True)
        return [str(path) for path in found]

    def holds(self, address: str) -> bool:
        """Whether the artifact is there and whole; every byte of it is read."""
        try:
            self.folder(address)
        except ArtifactError:
            return False
        return True

    def addresses(self) -> list[str]:
        """Addresses of the artifacts that look complete from their names, sorted."""
        return [path.name for path in self.entries() if is_artifact(path)]

    def stray(self) -> list[str]:
        """Everything in the store that is no artifact, such as what a killed process left.

        What another process is writing at this moment is among it.
        """
        return [str(path) for path in self.entries() if not is_artifact(path)]

    def entries(self) -> Iterator[Path]:
        """Everything that stands in the store, sorted; nothing where there is no store yet."""
        yield from sorted(self.root.iterdir()) if self.root.is_dir() else ()


def is_artifact(path: Path) -> bool:
    """Whether something in the store has the name of an artifact and a manifest."""
    return bool(ADDRESS.fullmatch(path.name)) and (path / NAME).is_file()


def make_folder(folder: Path) -> None:
    """Make a new folder, and the store around it."""
    if not folder.parent.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        flush_folder(folder.parent.parent)
    folder.mkdir()


def copy_file(source: Path, target: Path, sha256: str) -> None:
    """Copy one file while hashing it, and flush it to the disk. Nobody may write to the copy.

    Raises ArtifactError when it does not have that hash.
    """
    if source.is_symlink() or not source.is_file():
        raise ArtifactError(f"{source} is missing, or no plain file.", "Train the model again.")
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with source.open("rb", buffering=0) as reader, open(descriptor, "wb", buffering=0) as writer:
        while piece := reader.read(PIECE_BYTES):
            digest.update(piece)
            written = memoryview(piece)
            while written:
                written = written[writer.write(written) :]
        os.fsync(descriptor)
    if digest.hexdigest() != sha256:
        raise ArtifactError(f"{source} was changed: its hash differs.", "Train the model again.")


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(root: Path, error: OSError) -> ArtifactError:
    """Build the error for a store that took nothing."""
    return ArtifactError(
        f"The artifact could not be written to {root}: {error.strerror}.",
        "Nothing was changed. Make room, or check who may write there, and try again.",
    )
