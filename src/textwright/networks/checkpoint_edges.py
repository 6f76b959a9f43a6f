"""What a checkpoint says of where its texts begin and end, and of how it is shown a chat."""

import json
from pathlib import Path
from typing import Any

from textwright.errors import DataError
from textwright.text.edges import Edges

STARTS = ("decoder_start_token_id", "bos_token_id", "eos_token_id")  # the first that is said
TEMPLATE = "chat_template"


def find_edges(folder: Path) -> Edges:
    """Give the tokens that begin and end a text.

    Raises DataError for a checkpoint that says of none that a text is written from it.
    """
    said = {**read_table(folder / "config.json"), **read_table(folder / "generation_config.json")}
    starts = [each for name in STARTS for each in read_ids(said.get(name))]
    if not starts:
        what = f"{folder} does not say which token a text begins with."
        raise DataError(what, "Write bos_token_id into its generation_config.json.")
    stops, forced = (read_ids(said.get(f"{each}_token_id")) for each in ("eos", "forced_bos"))
    if forced:  # the first token that is written is known
        return Edges(forced[0], stops, before=(starts[0],))
    return Edges(starts[0], stops)


def find_chat_template(folder: Path) -> str | None:
    """Give the Jinja template by which a chat becomes a prompt; None where there is none."""
    path = folder / f"{TEMPLATE}.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    found = read_table(folder / "tokenizer_config.json").get(TEMPLATE)
    if isinstance(found, list):  # several, by their names
        found = {each["name"]: each["template"] for each in found}.get("default")
    return None if found is None else str(found)


def read_table(path: Path) -> dict[str, Any]:
    """Read a JSON table, without what it leaves open; empty where there is no file.

    Raises DataError for what is none.
    """
    if not path.is_file():
        return {}
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return {name: each for name, each in table.items() if each is not None}
    except (ValueError, AttributeError) as error:
        raise DataError(f"{path} is no table: {error!r}.", "Fetch it again.") from error


def read_ids(said: int | list[int] | None) -> tuple[int, ...]:
    """Give one id, several, or none as a tuple."""
    if said is None:
        return ()
    return tuple(said) if isinstance(said, list) else (said,)
