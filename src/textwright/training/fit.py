"""From a recipe and its data to the files of an artifact, not yet measured or sealed."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from textwright.recipe.file import REFERENCE, recipe_text
from textwright.recipe.parts import (
    BagSettings,
    ElmoEmbeddingSettings,
    EmbedSettings,
    PretrainedSettings,
    TokenizerSettings,
    VectorsEmbeddingSettings,
)
from textwright.recipe.recipe import Recipe
from textwright.recipe.training import (
    FewShotSettings,
    LinearTrainingSettings,
    NetworkTrainingSettings,
)
from textwright.recipe.writing import DrawSettings
from textwright.runtime.artifact import CHAT
from textwright.tasks.measures import find_measures
from textwright.text.batch import Batch
from textwright.text.edges import EDGES, write_edges
from textwright.text.examples import Dataset, Example
from textwright.text.labels import Labels, write_labels
from textwright.text.prompts import open_writing_tokenizer
from textwright.text.splits import Splits
from textwright.training.history import EpochRecord
from textwright.training.pretrained import Pretrained, open_pretrained
from textwright.training.progress import RunProgress
from textwright.training.threads import let_threads_sleep


@dataclass(frozen=True)
class Workplace:
    """Where a run works.

    folder:      gets the artifact's files.
    checkpoints: keeps what a killed run goes on from.
    resume:      go on from there, if something is there.
    pretrained:  what the network builds on, opened already; None: opened when it is needed.
    states:      keeps what a frozen encoder made of texts, for the next run; None: nothing does.
    """

    folder: Path
    checkpoints: Path
    resume: bool = False
    pretrained: Pretrained | None = None
    states: Path | None = None


@dataclass(frozen=True)
class Fitted:
    """What training left besides its files.

    epochs:            none for the linear model.
    export_difference: largest difference between the exported and the trained network's output.
    built_on:          what the report keeps of an embedding or encoder that builds on something.
    """

    epochs: tuple[EpochRecord, ...]
    export_difference: float
    built_on: Mapping[str, Any] = field(default_factory=dict)


def fit(recipe: Recipe, splits: Splits, place: Workplace, progress: RunProgress) -> Fitted:
    """Train what a recipe describes, and write its files.

    Raises DataError when the data is not fit to learn from, RecipeError for a task that
    nothing here trains.
    """
    labels = find_measures(recipe.task).find_labels(splits.train.examples, recipe)
    place.folder.mkdir(parents=True, exist_ok=True)
    write_labels(labels, place.folder / "labels.json")
    (place.folder / "recipe.toml").write_text(recipe_text(portable(recipe)), encoding="utf-8")
    if isinstance(recipe.training, LinearTrainingSettings):
        return fit_linear(recipe, splits.train, labels, place.folder)
    return fit_network(recipe, splits, labels, place, progress)


def portable(recipe: Recipe) -> Recipe:
    """Give the recipe without what no result depends on: this machine's folders, ``[tune]``.

    The data is named by its digests.
    """
    recipe = replace(recipe, data=replace(recipe.data, root=""), tune=None)
    if isinstance(recipe.encoder, PretrainedSettings):
        name, is_name = recipe.encoder.model, recipe.encoder.download
    elif isinstance(recipe.embedding, VectorsEmbeddingSettings | ElmoEmbeddingSettings):
        name, is_name = recipe.embedding.file, False
    else:
        return recipe
    return with_place(recipe, name if is_name or REFERENCE.fullmatch(name) else Path(name).name)


def with_place(recipe: Recipe, place: str) -> Recipe:
    """Give the recipe with another place of what its network builds on."""
    if isinstance(recipe.encoder, PretrainedSettings):
        return replace(recipe, encoder=replace(recipe.encoder, model=place))
    assert isinstance(recipe.embedding, VectorsEmbeddingSettings | ElmoEmbeddingSettings)
    return replace(recipe, embedding=replace(recipe.embedding, file=place))


def fit_linear(recipe: Recipe, train: Dataset, labels: Labels, folder: Path) -> Fitted:
    """Train the n-gram linear model and write its weights and graph; no torch is needed."""
    from safetensors.numpy import save_file

    from textwright.vectors.bag_onnx import write_bag_onnx
    from textwright.vectors.linear import train_linear

    assert isinstance(recipe.encoder, BagSettings)
    assert isinstance(recipe.training, LinearTrainingSettings)
    model = train_linear(
        texts_of(train.examples),
        find_measures(recipe.task).targets(train.examples, labels),
        multi=labels.multi,
        bag=recipe.encoder,
        training=recipe.training,
    )
    save_file(model.arrays(), folder / "weights.safetensors")
    (folder / "model.onnx").write_bytes(write_bag_onnx(model))
    return Fitted((), 0.0)


def fit_network(
    recipe: Recipe, splits: Splits, labels: Labels, place: Workplace, progress: RunProgress
) -> Fitted:
    """Train a network and write tokenizer, weights and the exported, checked network."""
    let_threads_sleep()
    from safetensors.torch import save_file

    from textwright.training.checked import first_batch, known_batch, spread_batches
    from textwright.training.loop import TrainingData
    from textwright.training.objective import find_objective

    pretrained = place.pretrained or open_pretrained(recipe)
    place = replace(place, pretrained=pretrained)
    tokenizer = find_tokenizer(recipe, splits.train, pretrained, place.folder / "tokenizer.json")
    train, dev = (
        make_rows(recipe, part.examples, tokenizer, labels) for part in (splits.train, splits.dev)
    )
    read = train.encodings
    if recipe.task == "embed":  # its rows are pairs to learn from, and these are all texts
        read = tokenizer.encode(texts_of(splits.train.examples))
    model, about = build_on(recipe, pretrained, Vocabulary(tokenizer, read, labels))
    multi = labels.multi or recipe.task != "classify"
    data = TrainingData(train, dev, multi, find_objective(recipe.task, labels))
    with adapted(model, recipe):
        history = train_parts(recipe, model, data, place, progress)
    if isinstance(recipe.decoder, EmbedSettings) and recipe.decoder.pooling == "sif":
        from textwright.training.sif import find_common

        find_common(model, read)
    save_file(model.state_dict(), place.folder / "weights.safetensors")
    choose = first_batch if recipe.writes and pretrained else spread_batches
    batches = choose(dev) or choose(train) or known_batch(recipe, tokenizer)
    difference = export_model(model, batches, place.folder)
    about |= settle_weights(recipe, model, batches, place, splits.dev)
    part = pretrained.part if pretrained else "embedding"
    return Fitted(history.epochs, difference, {part: about} if about else {})


def settle_weights(
    recipe: Recipe, model: Any, batches: Sequence[Batch], place: Workplace, dev: Dataset
) -> dict[str, Any]:
    """Leave the exported weights where they are or quantize them, as a recipe says.

    Returns what the report keeps of that.
    """
    if not isinstance(recipe.encoder, PretrainedSettings):
        return {}
    if recipe.encoder.weights == "reference":
        from textwright.training.outside import leave_weights

        assert place.pretrained is not None
        leave_weights(model, Path(place.pretrained.place), batches, place.folder)
    if recipe.encoder.export == "int8":
        from textwright.training.quantize import quantize_network

        return {"int8": quantize_network(recipe, dev, place.folder)}
    return {}


def adapted(model: Any, recipe: Recipe) -> AbstractContextManager[None]:
    """Give the context in which a network learns: through adapters, where the recipe says so."""
    if not (isinstance(recipe.encoder, PretrainedSettings) and recipe.encoder.train == "lora"):
        return nullcontext()
    from textwright.networks.encoders.adapters import adapters

    whole = model if recipe.writes else model.encoder
    return adapters(whole, recipe.encoder, seed=recipe.training.seed)


def export_model(model: Any, batches: Sequence[Any], folder: Path) -> float:
    """Write the network as ONNX, checked; returns the largest difference found."""
    from textwright.training.export import export_network
    from textwright.training.writing_export import Writer, export_writing

    if isinstance(model, Writer):
        return export_writing(model, batches, folder)
    return export_network(model, batches, folder / "model.onnx")


def train_parts(
    recipe: Recipe, model: Any, data: Any, place: Workplace, progress: RunProgress
) -> Any:
    """Train a network; returns the history.

    Where the encoder is frozen, or was tuned on pairs before, only the decoder learns.
    """
    from textwright.training.features import Encoded, Head
    from textwright.training.few_shot import tune_encoder
    from textwright.training.loop import train_network

    settings = recipe.training
    assert isinstance(settings, NetworkTrainingSettings)
    checkpoint = place.checkpoints / "checkpoint.safetensors"
    pairs = place.checkpoints / "pairs.safetensors"
    if not place.resume:
        checkpoint.unlink(missing_ok=True)
        pairs.unlink(missing_ok=True)
    encoded, learning = None, model
    if isinstance(settings, FewShotSettings):
        tune_encoder(model, data.train, settings, checkpoint=pairs, progress=progress)
        settings = replace(settings, epochs=settings.head_epochs)
        encoded = Encoded(model, "", threads=settings.threads, folder=None)
    elif is_frozen(recipe) and not recipe.writes and has_weights(model.decoder):
        assert place.pretrained is not None
        digest, folder = place.pretrained.digest, place.states
        encoded = Encoded(model, digest, threads=settings.threads, folder=folder)
    if encoded:
        data = replace(data, train=encoded.rows(data.train), dev=encoded.rows(data.dev))
        learning = Head(model.decoder)
    return train_network(learning, data, settings, checkpoint=checkpoint, progress=progress)


def is_frozen(recipe: Recipe) -> bool:
    """Tell whether the encoder stays as it was trained beforehand."""
    return isinstance(recipe.encoder, PretrainedSettings) and recipe.encoder.train == "frozen"


def has_weights(decoder: Any) -> bool:
    """Tell whether a decoder has anything to learn."""
    return any(each.requires_grad for each in decoder.parameters())


def find_tokenizer(
    recipe: Recipe, train: Dataset, pretrained: Pretrained | None, path: Path
) -> Any:
    """Train the tokenizer on the training texts, or take the one that the encoder came with.

    It is written either way. Words of a file of vectors fill a vocabulary up: a text to come may
    hold any of them, whether the training text has it or not.
    """
    from textwright.text.tokenizer import open_tokenizer, train_tokenizer

    assert recipe.tokenizer is not None
    if not isinstance(recipe.tokenizer, TokenizerSettings):
        assert pretrained is not None
        shutil.copyfile(Path(pretrained.place) / path.name, path)
        if recipe.writes:
            return take_edges(recipe, Path(pretrained.place), path)
        return open_tokenizer(path, recipe.tokenizer)
    more = pretrained.vectors.words if pretrained and pretrained.vectors else ()
    texts = texts_of(train.examples)
    if recipe.form.label == "text":
        texts += [each.labels[0] for each in train.examples]
    if recipe.form.label == "none":
        texts = [line for each in texts for line in each.split("\n")]
    tokenizer = train_tokenizer(texts, recipe.tokenizer, more)
    tokenizer.save(path)
    return tokenizer


def take_edges(recipe: Recipe, checkpoint: Path, path: Path) -> Any:
    """Write, beside a tokenizer, what else a checkpoint says of its texts; opens the tokenizer."""
    from textwright.networks.checkpoint_edges import find_chat_template, find_edges

    assert recipe.tokenizer is not None
    write_edges(find_edges(checkpoint), path.with_name(EDGES))
    template = find_chat_template(checkpoint)
    if template is not None and recipe.task == "language":
        path.with_name(CHAT).write_text(template, encoding="utf-8")
    return open_writing_tokenizer(path, recipe.tokenizer)


def make_rows(recipe: Recipe, examples: Sequence[Example], tokenizer: Any, labels: Labels) -> Any:
    """Encode rows, with their truth as the loss takes it; of the task embed only pairs."""
    from textwright.training.rows import Rows

    texts = recipe.texts_apart
    if isinstance(recipe.decoder, DrawSettings):
        from textwright.training.writing_rows import cut_text

        every = [np.zeros(0, dtype=np.int64), *map(tokenizer.encode_closed, texts_of(examples))]
        length, start = recipe.decoder.context, tokenizer.edges.start
        return cut_text(np.concatenate(every), length, start)
    if recipe.form.label == "text":
        from textwright.training.writing_rows import WritingRows, pad_targets

        written = tokenizer.encode_targets([each.labels[0] for each in examples])
        padded = pad_targets(written, tokenizer.edges.stops[0])
        read = tokenizer.encode(texts_of(examples))
        return WritingRows(read, padded, start=tokenizer.edges.first)
    if recipe.task == "embed":
        examples, texts = [each for each in examples if each.text_b is not None], 2
    targets = find_measures(recipe.task).targets(examples, labels)
    if recipe.reads_pairs:
        return Rows(tokenizer.encode_pairs([each.texts for each in examples]), targets)
    return Rows(tokenizer.encode(texts_of(examples)), targets, texts)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The tokens and labels that a network is built for, and the training text in such tokens."""

    tokenizer: Any
    encodings: Sequence[Any]
    labels: Labels


def build_on(
    recipe: Recipe, pretrained: Pretrained | None, given: Vocabulary
) -> tuple[Any, dict[str, Any]]:
    """Build a network that builds on what was trained before, or on nothing.

    Returns it, and what the report keeps of that.
    """
    from textwright.networks.embeddings.elmo import spell_vocabulary
    from textwright.training.first_rows import fill_rows, train_rows, weigh_rows
    from textwright.training.model import build_model
    from textwright.training.writing_model import build_writer

    about = {"digest": pretrained.digest} if pretrained else {}
    size, labels, seed = given.tokenizer.size, len(given.labels.names), recipe.training.seed
    if pretrained:
        recipe = with_place(recipe, pretrained.place)
    if isinstance(recipe.embedding, VectorsEmbeddingSettings):
        vectors = pretrained.vectors if pretrained else None
        if vectors is None:
            vectors = train_rows(recipe.embedding, given.tokenizer, given.encodings, seed=seed)
        bare = recipe.encoder.kind == "none" and not recipe.embedding.trainable
        rows, coverage = fill_rows(vectors, given.tokenizer, given.encodings, seed=seed, bare=bare)
        if isinstance(recipe.decoder, EmbedSettings) and recipe.decoder.pooling == "sif":
            rows = weigh_rows(rows, given.encodings, recipe.decoder.rarity)
        note = {"note": pretrained.note} if pretrained and pretrained.note else {}
        model = build_model(recipe, size, labels, rows=rows)
        covered = {"coverage": asdict(coverage)} if given.encodings else {}
        return model, {**about, **covered, **note}
    if recipe.writes:
        return build_writer(recipe, size), about
    model = build_model(recipe, size, labels)
    if isinstance(recipe.embedding, ElmoEmbeddingSettings):
        spell_vocabulary(model.embedding, recipe.embedding, given.tokenizer)
    return model, about


def texts_of(examples: Sequence[Example]) -> list[str]:
    """Give just the texts, those of a pair one after the other."""
    return [text for each in examples for text in each.texts]
