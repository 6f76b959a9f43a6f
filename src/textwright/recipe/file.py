"""Recipes as TOML files: read, checked whole, and written back."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from textwright.errors import RecipeError, unknown_name
from textwright.recipe.check import read_settings, unknown_key
from textwright.recipe.data import (
    GENERATE,
    TEXT_TO_TEXT,
    WRITING,
    DataSettings,
    find_hub_split,
)
from textwright.recipe.gates import GATES, GateSettings, check_gates
from textwright.recipe.parts import (
    DECODERS,
    EMBEDDINGS,
    ENCODERS,
    PRETRAINED_DECODERS,
    AbstentionSettings,
    AnyTokenizerSettings,
    BagSettings,
    DecoderSettings,
    ElmoEmbeddingSettings,
    EmbeddingSettings,
    EmbedSettings,
    EncoderSettings,
    MatchSettings,
    PretrainedSettings,
    PretrainedTokenizerSettings,
    PromptTokenizerSettings,
    TokenizerSettings,
    VectorsEmbeddingSettings,
    WritingTokenizerSettings,
    check_pretrained,
)
from textwright.recipe.recipe import Recipe
from textwright.recipe.records import read_records
from textwright.recipe.rollout import read_rollout
from textwright.recipe.settings import has_setting
from textwright.recipe.training import read_training
from textwright.recipe.tune import read_tune

K = TypeVar("K")

MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
REFERENCE = re.compile(rf"package:\w+|{MODEL_NAME.pattern}@[a-z0-9]+")  # no path, but a name
HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
NAMED_FILES = {"embedding": ("file", REFERENCE), "encoder": ("model", HUB_NAME)}
READING = {
    **dict.fromkeys(GENERATE, ("bilstm", "transformer")),
    "language": ("none",),
}  # encoders they take, besides pretrained
SECTIONS = tuple(each.name for each in fields(Recipe))


def read_recipe(path: Path | str, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe file and check all of it.

    overrides: ``section.key=value`` strings, as ``--set`` takes them; the value is TOML, and
               a string may go without quotes.
    A data root left empty becomes the folder of the file; what an embedding or encoder builds on
    is looked for there, too.
    Raises RecipeError if the file is missing, is no TOML, or asks for what cannot be.
    """
    path = Path(path)
    table = override(read_toml(path), overrides)
    recipe_data = table.setdefault("data", {})
    if isinstance(recipe_data, dict) and not recipe_data.get("root"):
        recipe_data["root"] = str(path.parent)
    elif isinstance(recipe_data, dict) and isinstance(recipe_data["root"], str):
        recipe_data["root"] = str(path.parent / recipe_data["root"])
    for section, (key, name) in NAMED_FILES.items():
        inner = table.get(section)
        if isinstance(inner, dict) and isinstance(inner.get(key), str):
            inner[key] = beside(path.parent, inner[key], name)
    return check_recipe(table)


def beside(folder: Path, given: str, name: re.Pattern[str]) -> str:
    """Give a path relative to a recipe's folder; what is no path, but a name, stays as it is."""
    found = folder / given
    is_name = REFERENCE.fullmatch(given) or name.fullmatch(given)
    return str(found) if given and (found.exists() or not is_name) else given


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file as plain tables; raises RecipeError if it cannot be."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecipeError(f"There is no recipe {str(path)!r}.", "Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        hint = "A recipe is a text file in UTF-8."
        raise RecipeError(f"The recipe {str(path)!r} cannot be read: {error}.", hint) from error
    except (ValueError, RecursionError) as error:  # ValueError: a number of 5,000 digits, too
        raise RecipeError(f"{path} is no TOML: {error}.", "Mend that line.") from error


def override(table: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Set ``section.key=value`` strings in a recipe's tables and return them."""
    for text in overrides:
        name, found, value = text.partition("=")
        if not found:
            raise RecipeError(f"--set {text!r} has no '='.", "Write --set section.key=value.")
        *sections, key = name.strip().split(".")
        inner = table
        for section in sections:
            inner = inner.setdefault(section, {})
            if not isinstance(inner, dict):
                raise RecipeError(f"--set {text!r}: {section!r} is no section.", "Check the name.")
        inner[key] = read_toml_value(value.strip())
    return table


def read_toml_value(text: str) -> Any:
    """Read one value as TOML does; what is no TOML is taken as a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def check_recipe(table: Mapping[str, Any]) -> Recipe:
    """Check a recipe given as plain tables, whole, before anything is read or trained.

    Raises RecipeError naming the setting, UnknownNameError naming the nearest kind.
    """
    for section in table:
        if section not in SECTIONS:
            raise unknown_key(section, section, SECTIONS)
    check_name(table.get("name", ""))
    task = table.get("task", "classify")
    if task not in DECODERS:
        raise unknown_name("task", str(task), DECODERS)
    encoder = read_encoder(table.get("encoder", {}), task)
    unused = {"tokenizer", "embedding", "decoder"}.difference(encoder.uses).intersection(table)
    if unused:
        section = sorted(unused)[0]
        what = f"[{section}] is not used by the encoder {encoder.kind!r}."
        raise RecipeError(what, f"Take [{section}] out, or choose another encoder.")
    data = read_settings(DataSettings, table.get("data", {}), "data", task=task)
    check_data(data, table, encoder, task)
    rollout = read_rollout(table)
    recipe = Recipe(
        name=table.get("name", ""),
        task=task,
        data=data,
        tokenizer=read_tokenizer(table, encoder, task),
        embedding=read_embedding(table.get("embedding", {}), encoder, task),
        encoder=encoder,
        decoder=read_decoder(table, encoder, task),
        abstention=read_abstention(table, data, task),
        training=read_training(table.get("training", {}), encoder, data, task),
        rollout=rollout,
        records=read_records(table, rollout),
        tune=None,
        gates=check_gates(read_gates(table.get("gates", [])), task, data),
    )
    return check_tune(table["tune"], recipe) if "tune" in table else recipe


def check_tune(table: Any, recipe: Recipe) -> Recipe:
    """Read ``[tune]`` into a recipe, and try the recipe with each limit of what is searched."""
    settings = read_tune(table, recipe.tuned_sections, recipe.task)
    for name, searched in settings.space.items():
        for value in searched.limits:
            try:
                set_values(recipe, {name: value})
            except RecipeError as error:
                raise RecipeError(f"tune.space.{name}: {error.what}", error.hint) from error
    return replace(recipe, tune=settings)


def set_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Give a recipe with other values, by ``section.key``, checked whole; ``[tune]`` is left out.

    Raises RecipeError for a value that cannot be.
    """
    table = recipe_table(replace(recipe, tune=None))
    for name, value in values.items():
        section, _, key = name.partition(".")
        table[section][key] = value
    return check_recipe(table)


def read_abstention(
    table: Mapping[str, Any], data: DataSettings, task: str
) -> AbstentionSettings | None:
    """Read ``[abstention]`` of a classifier; several labels know no rows out of scope."""
    if task != "classify":
        if "abstention" in table:
            what = f"The task {task!r} has no [abstention]."
            raise RecipeError(what, "Take it out: only a classifier abstains.")
        return None
    settings = read_settings(AbstentionSettings, table.get("abstention", {}), "abstention")
    if data.multi_label and settings.rule == "out-of-scope":
        what = "abstention.rule 'out-of-scope' needs one label a text, data.multi_label is set."
        raise RecipeError(what, 'Use rule = "coverage" or "none".')
    return settings


def read_encoder(table: Any, task: str) -> EncoderSettings:
    """Read ``[encoder]``; the n-gram linear model does nothing but classify."""
    usual = {"classify": "bag", "language": "none"}.get(task, "bilstm")
    encoder = read_kind("encoder", table, ENCODERS, usual)
    if isinstance(encoder, BagSettings) and task != "classify":
        what = f"The encoder 'bag' only classifies; the task is {task!r}."
        raise RecipeError(what, 'Write kind = "bilstm" in [encoder].')
    if isinstance(encoder, PretrainedSettings):
        check_pretrained(encoder, task)
    elif encoder.kind not in READING.get(task, encoder.kind):
        what = f"The encoder {encoder.kind!r} reads nothing that is written from."
        raise RecipeError(what, f"Choose one of: {', '.join(READING[task])}, pretrained.")
    return encoder


def read_decoder(
    table: Mapping[str, Any], encoder: EncoderSettings, task: str
) -> DecoderSettings | None:
    """Read ``[decoder]`` of the task; only a pretrained encoder reads two texts at once."""
    kinds = PRETRAINED_DECODERS if isinstance(encoder, PretrainedSettings) else DECODERS
    settings = read_used("decoder", table, kinds[task], encoder)
    if isinstance(settings, MatchSettings) and settings.form == "cross":
        if encoder.kind != "pretrained":
            what = f"The encoder {encoder.kind!r} cannot read two texts at once (form = 'cross')."
            raise RecipeError(what, 'Write form = "siamese", or choose a pretrained encoder.')
        if settings.compare == "features":
            what = "decoder.compare 'features' is for siamese vectors, the form is 'cross'."
            raise RecipeError(what, "Take compare out.")
        if isinstance(encoder, PretrainedSettings) and encoder.train == "frozen":
            what = "A frozen encoder was never shown two texts at once (form = 'cross')."
            raise RecipeError(what, 'Write train = "full" in [encoder], or form = "siamese".')
    if isinstance(settings, EmbedSettings) and settings.pooling == "sif":
        check_sif(table, encoder)
    return settings


def check_sif(table: Mapping[str, Any], encoder: EncoderSettings) -> None:
    """Refuse weighing by rarity where there are no word vectors, or no text to count words in."""
    section = table.get("embedding", {})
    kind = section.get("kind") if isinstance(section, Mapping) else None
    if encoder.kind != "none" or kind != "vectors":
        what = "decoder.pooling 'sif' weighs word vectors, and there is an encoder over them."
        raise RecipeError(what, 'Write kind = "none" in [encoder], "vectors" in [embedding].')
    data = table.get("data", {})
    if not (isinstance(data, Mapping) and data.get("train")):
        what = "decoder.pooling 'sif' counts words in training texts, and [data] names none."
        raise RecipeError(what, 'Write train = "FILE" in [data], or pooling = "mean".')


def read_tokenizer(
    table: Mapping[str, Any], encoder: EncoderSettings, task: str
) -> AnyTokenizerSettings | None:
    """Read ``[tokenizer]`` if the encoder uses it; a pretrained encoder brings its own."""
    if not isinstance(encoder, PretrainedSettings):
        kind = WritingTokenizerSettings if task in WRITING else TokenizerSettings
        return read_used("tokenizer", table, kind, encoder)
    given = table.get("tokenizer", {})
    if task == "language":
        return read_settings(PromptTokenizerSettings, given, "tokenizer")
    known = {each.name for each in fields(PretrainedTokenizerSettings)}
    foreign = sorted(set(given) - known) if isinstance(given, Mapping) else []
    if foreign and foreign[0] in {each.name for each in fields(TokenizerSettings)}:
        what = f"tokenizer.{foreign[0]} is not for a pretrained encoder, which brings its own."
        raise RecipeError(what, "Take it out: only tokenizer.max_tokens can be set.")
    return read_settings(PretrainedTokenizerSettings, given, "tokenizer")


def read_used(
    section: str, table: Mapping[str, Any], kind: type[K], encoder: EncoderSettings
) -> K | None:
    """Read a section if the encoder uses it."""
    return read_settings(kind, table.get(section, {}), section) if section in encoder.uses else None


def read_embedding(table: Any, encoder: EncoderSettings, task: str) -> EmbeddingSettings | None:
    """Read ``[embedding]`` if the encoder uses it; what was trained beforehand must be named.

    Where texts are written it is learned, for it is what the next token is told by, too.
    """
    if "embedding" not in encoder.uses:
        return None
    settings = read_kind("embedding", table, EMBEDDINGS, "learned")
    if task in WRITING and settings.kind != "learned":
        what = f"The embedding {settings.kind!r} tells no next token."
        raise RecipeError(what, 'Write kind = "learned" in [embedding].')
    if isinstance(settings, ElmoEmbeddingSettings) and not settings.file:
        hint = 'Write file = "FOLDER", of a language model trained with method elmo.'
        raise RecipeError('[embedding] of kind "elmo" names no file.', hint)
    if isinstance(settings, VectorsEmbeddingSettings):
        check_source(settings)
    return settings


def check_source(settings: VectorsEmbeddingSettings) -> None:
    """Refuse word vectors from nowhere, from two places, or trained in a way their file is not."""
    hint = 'Write file = "FILE", or train = "skip-gram".'
    if not (settings.file or settings.train):
        what = '[embedding] of kind "vectors" says neither file nor train.'
        raise RecipeError(what, hint)
    if settings.file and settings.train:
        raise RecipeError("[embedding] says both file and train.", "Take one of them out.")
    if settings.file and (settings.dimensions or settings.epochs):
        what = "embedding.dimensions and embedding.epochs go with train, not with a file."
        raise RecipeError(what, "Take them out: a file has its own.")


def check_name(name: Any) -> None:
    """Refuse a model name that could not stand in a path, an address and a command."""
    if not isinstance(name, str) or not MODEL_NAME.fullmatch(name):
        hint = "Use 1 to 64 of a-z, 0-9, '_' and '-', starting with a letter or digit."
        raise RecipeError(f"The model name is {name!r}.", hint)


def check_data(
    data: DataSettings, table: Mapping[str, Any], encoder: EncoderSettings, task: str
) -> None:
    """Refuse a data section without a training file, unless what answers was trained before.

    So is a data set of the hub that may not be fetched.
    """
    section = table.get("embedding", {})
    file = isinstance(section, Mapping) and section.get("file")
    ready = task == "embed" and (encoder.kind == "pretrained" or (encoder.kind == "none" and file))
    if isinstance(encoder, PretrainedSettings) and encoder.train == "frozen":
        ready = ready or task in WRITING
    if not data.train and not ready:
        raise RecipeError("[data] names no training file.", 'Write train = "train.jsonl".')
    if task == TEXT_TO_TEXT and not data.tasks:
        hint = "Name each with what it is scored by: tasks = {translate = 'bleu'}."
        raise RecipeError("[data] names no tasks.", hint)
    for name in (data.train, data.dev, data.test):
        if isinstance(name, str):
            find_hub_split(data, name)


def read_kind(section: str, table: Any, kinds: Mapping[str, type[K]], default: str) -> K:
    """Read a section whose ``kind`` chooses its settings."""
    if not isinstance(table, Mapping):
        raise RecipeError(f"[{section}] holds {table!r}.", f'Write kind = "{default}" in it.')
    kind = str(table.get("kind", default))
    if kind not in kinds:
        raise unknown_name(section, kind, kinds)
    rest = {key: value for key, value in table.items() if key != "kind"}
    return read_settings(kinds[kind], rest, section, chosen="kind")


def read_gates(tables: Any) -> tuple[GateSettings, ...]:
    """Read the list of gates; each table's ``rule`` chooses its settings."""
    if not isinstance(tables, list | tuple):
        raise RecipeError("gates is no list.", "Write each gate as [[gates]].")
    gates = []
    for number, table in enumerate(tables, start=1):
        place = f"gates[{number}]"
        if not isinstance(table, Mapping) or "rule" not in table:
            raise RecipeError(f"{place} has no rule.", f"Choose one of: {', '.join(GATES)}.")
        rule = str(table["rule"])
        if rule not in GATES:
            raise unknown_name("gate", rule, GATES)
        rest = {key: value for key, value in table.items() if key != "rule"}
        gates.append(read_settings(GATES[rule], rest, place, chosen="rule"))
    return tuple(gates)


def recipe_table(recipe: Recipe) -> dict[str, Any]:
    """Give a recipe as plain tables, every setting written out; ``check_recipe`` reads them."""
    table: dict[str, Any] = {"name": recipe.name, "task": recipe.task}
    for section in SECTIONS[2:-1]:
        settings = getattr(recipe, section)
        if settings is None:
            continue
        values = asdict(settings)
        for each in fields(settings):
            if not has_setting(each, recipe.task):
                del values[each.name]
        if section in ("embedding", "encoder"):
            values = {"kind": settings.kind, **values}
        table[section] = plain(values)
    table["gates"] = [{"rule": gate.rule, **plain(asdict(gate))} for gate in recipe.gates]
    return table


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Give the same values as TOML can hold them: tuples become lists."""
    return {key: list(each) if isinstance(each, tuple) else each for key, each in values.items()}


def recipe_text(recipe: Recipe) -> str:
    """Write a recipe as TOML text, every setting written out."""
    import tomli_w

    return tomli_w.dumps(recipe_table(recipe))
