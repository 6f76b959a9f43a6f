"""Which files a path to data stands for: a file, a folder, or one split of a folder.

``data/train`` is the folder of that name; or, in ``data``, the file ``train.csv`` or the parts
``train-00000-of-00002.parquet`` and so on. A folder that `datasets` saved is read as it says.
"""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from textwright.errors import DataError

PART = re.compile(r"-\d{5}-of-\d{5}(?=\.|$)")  # as `datasets` numbers the files of a split
SPLITS = {"train", "dev", "valid", "validation", "test"}


def list_files(path: Path, endings: Sequence[str]) -> list[Path]:
    """Give the data files that a path stands for, in their order; what is not there, as it is.

    endings: of data files, the longer of two first, such as ``.csv.gz`` before ``.gz``.
    Raises DataError for a folder without data, with several splits, or that cannot be read.
    """
    try:
        if path.is_dir():
            return list_folder(path, endings)
        if path.exists() or not path.parent.is_dir():
            return [path]
        found = data_files(path.parent, endings)
    except OSError as error:
        hint = "Check the name, and who may read it."
        raise DataError(f"{path} cannot be read: {error.strerror}.", hint) from error
    return check_parts(path, [each for each, split in found.items() if split == path.name]) or [
        path
    ]


def list_folder(folder: Path, endings: Sequence[str]) -> list[Path]:
    """Give the data files of a folder that is one data set."""
    if (folder / "dataset_dict.json").is_file():
        raise several(folder, read_note(folder / "dataset_dict.json", "splits"))
    if (folder / "state.json").is_file():
        files = read_note(folder / "state.json", "_data_files")
        return [folder / Path(each["filename"]).name for each in files]
    found = data_files(folder, endings)
    if not found:
        what = f"{folder} is a folder without a data file."
        raise DataError(what, f"Known endings: {', '.join(endings)}.")
    splits = set(found.values())
    if len(splits) > 1 and splits & SPLITS:
        raise several(folder, splits)
    for split in splits:
        check_parts(folder / split, [each for each, its in found.items() if its == split])
    return list(found)


def data_files(folder: Path, endings: Sequence[str]) -> dict[Path, str]:
    """Give the data files right in a folder by name, each with its split.

    A split is the file's name without ending and without the number of a part.
    """
    found = {}
    for path in sorted(folder.iterdir()):
        ending = next((each for each in endings if path.name.endswith(each)), "")
        if ending and path.is_file():
            found[path] = PART.sub("", path.name.removesuffix(ending))
    return found


def check_parts(split: Path, files: list[Path]) -> list[Path]:
    """Refuse several files of one split that are no numbered parts: they may be the same rows."""
    if len(files) > 1 and not all(PART.search(each.name) for each in files):
        names = " or ".join(each.name for each in files)
        raise DataError(f"{split} could be {names}.", "Name the file with its ending.")
    return files


def several(folder: Path, splits: Collection[str]) -> DataError:
    """Build the error for a folder of several splits."""
    names = sorted(splits)
    first = "train" if "train" in names else names[0]
    hint = f'Name one of them: "/{first}" after the name of the folder.'
    return DataError(f"{folder} holds the splits {', '.join(names)}.", hint)


def read_note(path: Path, key: str) -> list[Any]:
    """Read a list out of what `datasets` wrote about a folder."""
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))[key])
    except (ValueError, KeyError, TypeError) as error:
        what = f"{path} is not as `datasets` writes it."
        raise DataError(what, "Save the data set again: save_to_disk.") from error
