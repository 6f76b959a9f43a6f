"""The manifest of an artifact: its files with their sizes and hashes, and the address they give.

The address is the SHA-256 of ``manifest.json``, so one changed bit anywhere changes it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textwright.errors import ArtifactError

FORMAT = 1
NAME = "manifest.json"
FILES = (
    "recipe.toml",
    "tokenizer.json",
    "edges.json",
    "chat_template.jinja",
    "labels.json",
    "model.onnx",
    "step.onnx",
    "weights.safetensors",
    "metrics.json",
    "profile.json",
    "card.md",
    "MLmodel",
    "vectors.json",
    "words.txt",
    "matrix.npy",
    "ngrams.npy",
    "elmo.json",
)
PARTS_ONLY = ("vectors", "elmo")  # tasks of artifacts that other models are built on
OUTSIDE = ".safetensors"  # what an artifact may need and not hold
RESTORE = "Restore it from a backup, or train it again: the same recipe gives the same address."


@dataclass(frozen=True)
class FileEntry:
    """One file: its name from the closed list, its size, its SHA-256 in hex."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an artifact is and which files it consists of.

    parts:   the kind of each part, such as {"encoder": "bilstm"}.
    outside: files that it needs and does not hold, for their licence forbids copying them.
    """

    format: int
    task: str
    parts: Mapping[str, str]
    files: tuple[FileEntry, ...]
    outside: tuple[FileEntry, ...] = ()


def canonical_json(value: Any) -> bytes:
    """Write JSON so that equal values give equal bytes: sorted keys, no spaces, UTF-8."""
    text = json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.encode("utf-8")


def hash_file(path: Path) -> str:
    """SHA-256 of a file in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_file(path: Path) -> FileEntry:
    """Name a file with its size and its hash."""
    return FileEntry(path.name, path.stat().st_size, hash_file(path))


def write_manifest(
    folder: Path, task: str, parts: Mapping[str, str], outside: tuple[FileEntry, ...] = ()
) -> str:
    """Write the manifest of a folder's files, and those outside it, and return its address.

    Raises ArtifactError when the folder holds anything outside the closed list.
    """
    names = sorted(each.name for each in folder.iterdir() if each.name != NAME)
    for name in names:
        check_name(name, folder)
    files = tuple(describe_file(folder / name) for name in names)
    table = asdict(Manifest(FORMAT, task, dict(parts), files, outside))
    if not outside:  # as before there was any: equal artifacts keep their address
        del table["outside"]
    content = canonical_json(table)
    (folder / NAME).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read and check a manifest; the files themselves are checked by ``check_files``.

    Raises ArtifactError when it is missing, malformed, of a newer format, or names a file
    outside the closed list.
    """
    try:
        content = (folder / NAME).read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{folder} holds no {NAME}.", "An artifact is a folder that `train` wrote."
        ) from error
    except OSError as error:
        raise ArtifactError(f"{folder / NAME} is no manifest: {error!r}.", RESTORE) from error
    return parse_manifest(content, folder)


def parse_manifest(content: bytes, folder: Path | str) -> Manifest:
    """Read a manifest from its bytes; ``folder`` says in errors where they are from.

    Raises ArtifactError as ``read_manifest`` does.
    """
    try:
        table = json.loads(content)
        files, outside = (
            tuple(
                FileEntry(str(each["name"]), int(each["size_bytes"]), str(each["sha256"]))
                for each in listed
            )
            for listed in (table["files"], table.get("outside", []))
        )
        kind, task, parts = int(table["format"]), str(table["task"]), dict(table["parts"])
        found = Manifest(kind, task, parts, files, outside)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ArtifactError(f"{folder}/{NAME} is no manifest: {error!r}.", RESTORE) from error
    if found.format > FORMAT:
        raise ArtifactError(
            f"{folder} is of artifact format {found.format}, this program reads {FORMAT}.",
            "Install a newer textwright.",
        )
    for each in files:
        check_name(each.name, folder)
    for each in outside:
        if each.name != Path(each.name).name or not each.name.endswith(OUTSIDE):
            what = f"{folder} names the file {each.name!r} outside it, which is no weights."
            raise ArtifactError(what, "Do not use a folder you do not trust.")
    return found


def check_name(name: str, folder: Path | str) -> None:
    """Refuse a file name outside the closed list: no paths, no links to elsewhere."""
    if name not in FILES:
        raise ArtifactError(
            f"{folder} names the file {name!r}, which no artifact has.",
            f"An artifact holds only {', '.join(FILES)}. Do not use a folder you do not trust.",
        )


def check_files(folder: Path, manifest: Manifest) -> None:
    """Hash every file of an artifact against its manifest.

    Raises ArtifactError naming the first file that is missing, a link, of another size, or
    changed, or that stands in the folder without being named.
    """
    for each in manifest.files:
        path = folder / each.name
        if path.is_symlink() or not path.is_file():
            raise ArtifactError(f"{path} is missing, or no plain file.", RESTORE)
        size = path.stat().st_size
        if size != each.size_bytes:
            raise ArtifactError(
                f"{path} has {size} bytes, its manifest says {each.size_bytes}.", RESTORE
            )
        if hash_file(path) != each.sha256:
            raise ArtifactError(f"{path} was changed: its hash differs.", RESTORE)
    named = {each.name for each in manifest.files} | {NAME}
    for path in folder.iterdir():
        if path.name not in named:
            raise ArtifactError(f"{path} is not named by the manifest.", "Take it out.")


def address_of(folder: Path) -> str:
    """Address of an artifact: the SHA-256 of its manifest in hex."""
    return hash_file(folder / NAME)
