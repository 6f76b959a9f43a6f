"""What a trained language model leaves to tasks: its spelling and its readers, as a folder.

``elmo.json`` holds the settings and what was measured, ``weights.safetensors`` the weights. What
predicted the words is not kept: no task needs it, and it would be most of the folder.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from textwright.errors import DataError, RecipeError
from textwright.networks.embeddings.characters import CharacterCNN
from textwright.networks.embeddings.two_readers import TwoReaders
from textwright.recipe.check import read_settings
from textwright.recipe.vectors import ElmoSettings

FORMAT = 1
TABLE, WEIGHTS = "elmo.json", "weights.safetensors"


class Elmo(nn.Module):
    """The two parts of a language model that a task builds on."""

    def __init__(self, settings: ElmoSettings) -> None:
        super().__init__()
        self.settings = settings
        self.spelling = CharacterCNN(settings.hidden)
        self.readers = TwoReaders(settings.hidden, settings.layers)


def save_elmo(model: Elmo, measured: Mapping[str, Any], folder: Path) -> None:
    """Write both files into a folder that is there; equal models give equal bytes.

    measured: goes into ``elmo.json`` beside the settings.
    """
    table = {"format": FORMAT, "settings": asdict(model.settings), "measured": dict(measured)}
    (folder / TABLE).write_text(json.dumps(table, indent=2, sort_keys=True), encoding="utf-8")
    save_file(model.state_dict(), folder / WEIGHTS)


def open_elmo(folder: Path) -> Elmo:
    """Read a folder that ``save_elmo`` wrote.

    Raises DataError when it is none, is damaged, or is of a newer format.
    """
    hint = "Give the folder of a language model: train one with method elmo."
    try:
        table = json.loads((folder / TABLE).read_text(encoding="utf-8"))
        if table["format"] > FORMAT:
            what = f"{folder} is of format {table['format']}, this program reads {FORMAT}."
            raise DataError(what, "Install a newer textwright.")
        model = Elmo(read_settings(ElmoSettings, table["settings"], "settings"))
        model.load_state_dict(load_file(folder / WEIGHTS))
    except FileNotFoundError as error:
        raise DataError(f"There is no language model in {str(folder)!r}.", hint) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} holds no language model: {error!r}.", hint) from error
    except (SafetensorError, RuntimeError, RecipeError) as error:
        raise DataError(f"The language model in {folder} is damaged: {error}.", hint) from error
    return model.eval()
