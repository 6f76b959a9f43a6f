"""Networks trained beforehand, in the files of Hugging Face's: found, checked, opened.

Only safetensors are read and no code that comes with a model is ever run. Without ``download``
nothing goes over the network.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textwright.errors import DataError, MissingExtraError, RecipeError
from textwright.networks.roles import ENCODER, Role
from textwright.recipe.file import HUB_NAME
from textwright.recipe.packages import PACKAGE, package_folders
from textwright.recipe.parts import PretrainedSettings

BY_HAND = "Bring config.json, model.safetensors and tokenizer.json into a folder and name that."
FETCHED = ["*.json", "*.safetensors", "*.jinja"]  # of a hub; pickles are left there
POOLINGS = {  # as sentence-transformers names them, before and since its version 5
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "first",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last",
    "mean": "mean",
    "cls": "first",
    "max": "max",
    "lasttoken": "last",
}
OFFSET = ("camembert", "mpnet", "roberta", "xlm-roberta")  # they count from behind padding's id
BESIDE = ("generation_config.json", "tokenizer_config.json", "chat_template.jinja")
CONVERT = (
    "Convert it where you trust it: {loader}.from_pretrained(FOLDER).save_pretrained(FOLDER) "
    "writes model.safetensors."
)


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds a network.

    weights:   the files of its weights.
    positions: most tokens it can read at once; 0: any number.
    pooling:   how it was made to turn states into one vector.
    normal:    whether it was made to bring that vector to length 1.
    role:      what it is taken for.
    """

    folder: Path
    weights: tuple[Path, ...]
    positions: int
    pooling: str
    normal: bool
    role: Role = ENCODER

    @property
    def tokenizer(self) -> Path:
        """The file of its tokenizer."""
        return self.folder / "tokenizer.json"

    def files(self) -> list[Path]:
        """All files that a result depends on."""
        plain = [self.folder / "config.json", self.tokenizer, *self.weights]
        if self.role is ENCODER:
            return [*plain, *sorted(self.folder.glob("*_Pooling/config.json"))]
        beside = (self.folder / each for each in BESIDE)
        return [*plain, *(each for each in beside if each.is_file())]


def find_checkpoint(settings: PretrainedSettings) -> Path:
    """Give the folder that ``encoder.model`` names.

    Raises RecipeError when there is none, DataError for a package or hub that has no model.
    """
    name = settings.model
    if name.startswith(PACKAGE):
        return find_packaged(name.removeprefix(PACKAGE))
    if Path(name).is_dir():
        return Path(name)
    if not HUB_NAME.fullmatch(name):
        hint = "Check encoder.model: it is relative to the recipe."
        raise RecipeError(f"There is no folder {name!r}.", hint)
    if not settings.download:
        what = f"There is no folder {name!r}, and from a hub nothing is fetched unasked."
        raise RecipeError(what, f"{BY_HAND} Or fetch it: write download = true in [encoder].")
    return fetch(name)


def find_packaged(name: str) -> Path:
    """Give the folder with a model inside an installed package."""
    roots = package_folders(name)
    if not roots:
        raise DataError(f"No package {name!r} is installed.", f"pip install {name}")
    configs = sorted(path for root in roots for path in root.rglob("config.json"))
    folders = [path.parent for path in configs if list(path.parent.glob("*.safetensors"))]
    if not folders:
        raise DataError(f"The package {name!r} holds no model.", BY_HAND)
    return folders[0]


def fetch(name: str) -> Path:
    """Fetch a model from the hub into Hugging Face's own cache, where it is found again."""
    import_transformers()
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=FETCHED))
    except Exception as error:  # its own, httpx's and the system's have no common class
        first = str(error).splitlines()[0]
        raise DataError(f"{name} cannot be fetched: {first}", BY_HAND) from error


def open_checkpoint(folder: Path, role: Role = ENCODER) -> Checkpoint:
    """Check a folder and say what it holds; nothing of its weights is read but their names.

    Raises DataError for a folder without config, weights or tokenizer, with weights as pickles or
    damaged, with code of its own, or with a model that cannot be taken for what is wanted.
    """
    config = read_config(folder, role)
    weights = find_weights(folder, role)
    if not (folder / "tokenizer.json").is_file():
        hint = "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes one."
        raise DataError(f"There is no tokenizer.json in {str(folder)!r}.", hint)
    pooling, normal = read_pooling(folder)
    return Checkpoint(folder, weights, count_positions(config, role), pooling, normal, role)


def count_positions(config: Mapping[str, Any], role: Role) -> int:
    """Give the most tokens that a model reads at once; 0: any number."""
    positions = min((int(config[each]) for each in role.positions if config.get(each)), default=0)
    if config["model_type"] in OFFSET and positions:
        positions -= int(config.get("pad_token_id", 1)) + 1
    return positions


def read_config(folder: Path, role: Role) -> Mapping[str, Any]:
    """Read ``config.json``, and refuse what no graph can be drawn of."""
    place = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        kind = config["model_type"]
    except FileNotFoundError as error:
        raise DataError(f"There is no config.json in {str(folder)!r}.", BY_HAND) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{place} describes no model: {error!r}.", BY_HAND) from error
    if "auto_map" in config:
        what = f"{place} asks for code of its own, which is never run."
        raise DataError(what, "Choose a model whose architecture transformers has.")
    import_transformers()
    if kind not in role.kinds or config.get("is_decoder"):
        what = f"{place} is of a {kind!r}, which is no {role.noun} that can be served."
        raise DataError(what, f"Choose one of: {', '.join(role.kinds)}.")
    turned = config.get("rope_parameters") or config.get("rope_scaling") or {}
    said = {**{each: turned[each] for each in ("rope_type", "type") if each in turned}, **config}
    for key, known in role.known.items():
        if said.get(key, known[0]) not in known:
            what = f"{place} says {key} {said[key]!r}, which cannot be served."
            raise DataError(what, f"Choose a model with one of: {', '.join(map(str, known))}.")
    return config


def find_weights(folder: Path, role: Role = ENCODER) -> tuple[Path, ...]:
    """Give the files of the weights; their headers are read, so that a damaged one is refused."""
    from safetensors import SafetensorError, safe_open

    paths = tuple(sorted(folder.glob("model*.safetensors")))
    pickles = [*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.ckpt")]
    if not paths and pickles:
        what = f"{pickles[0]} is a pickle, which can run code when it is read."
        raise DataError(what, CONVERT.format(loader=role.loader))
    if not paths:
        raise DataError(f"There is no model.safetensors in {str(folder)!r}.", BY_HAND)
    for path in paths:
        try:
            with safe_open(path, framework="numpy") as file:
                file.keys()
        except (OSError, SafetensorError) as error:
            raise DataError(f"{path} is damaged: {error}.", "Fetch it again.") from error
    return paths


def read_pooling(folder: Path) -> tuple[str, bool]:
    """Give the pooling that a model was made for, as sentence-transformers writes it; else mean.

    Returns also whether the vector is brought to length 1.
    """
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = {str(each["type"]).rsplit(".", 1)[-1]: str(each["path"]) for each in modules}
        normal = "Normalize" in kinds
        path = folder / kinds["Pooling"] / "config.json"
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return "mean", False
    chosen = [table.get("pooling_mode"), *(name for name, on in table.items() if on is True)]
    return next((POOLINGS[each] for each in chosen if each in POOLINGS), "mean"), normal


def load_encoder(folder: Path) -> Any:
    """Load an encoder with its weights in float32, without what it has above its last states.

    Raises DataError when weights are missing or do not fit.
    """
    model = load_network(folder, ENCODER)
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model


def load_network(folder: Path, role: Role) -> Any:
    """Load a network with its weights in float32.

    Raises DataError when weights are missing or do not fit.
    """
    from safetensors import SafetensorError

    transformers = import_transformers()
    try:
        with quiet(transformers):
            model, found = getattr(transformers, role.loader).from_pretrained(
                str(folder),
                dtype="float32",
                local_files_only=True,
                output_loading_info=True,
                trust_remote_code=False,
                use_safetensors=True,
            )
    except (OSError, RuntimeError, SafetensorError, ValueError) as error:
        what = f"The model in {folder} cannot be opened: {str(error).splitlines()[0]}"
        raise DataError(what, "Fetch it again.") from error
    missing = sorted(each for each in found["missing_keys"] if not each.startswith("pooler"))
    if missing:
        what = f"The weights in {folder} lack {missing[0]!r} and {len(missing) - 1} others."
        raise DataError(what, "Its config.json is of another model: fetch both again.")
    return model


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """Load without bars and reports, and leave the settings of transformers as they were."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def import_transformers() -> Any:
    """Import transformers; raises MissingExtraError without the extra ``hf``."""
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    try:
        import transformers
    except ImportError as error:
        hint = "Install it: pip install 'textwright[train,hf]'"
        raise MissingExtraError("A pretrained encoder needs transformers.", hint) from error
    return transformers


def import_peft() -> Any:
    """Import peft; raises MissingExtraError without the extra ``hf``."""
    try:
        import peft
    except ImportError as error:
        hint = "Install it: pip install 'textwright[train,hf]'"
        raise MissingExtraError('train = "lora" needs peft.', hint) from error
    return peft
