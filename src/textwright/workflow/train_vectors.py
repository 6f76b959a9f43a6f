"""Train word vectors on text files: into a folder, and as a version like that of any model."""

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from textwright.errors import DataError, UsageError
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.datasets import NewDataset, add_run_datasets
from textwright.lifecycle.gc import keep_artifact
from textwright.lifecycle.registry import (
    NewVersion,
    add_version,
    fail_run,
    finish_run,
    start_run,
)
from textwright.lifecycle.remote import open_store
from textwright.lifecycle.tables import Run
from textwright.machine import current_user
from textwright.manifest import address_of, hash_file, write_manifest
from textwright.recipe.vectors import ElmoSettings
from textwright.recipe.vectors_recipe import VectorsRecipe
from textwright.settings import Settings, find_settings
from textwright.text.columnar import COLUMNAR
from textwright.text.readers import FORMATS, read_rows
from textwright.vectors.corpus import Corpus, build_corpus
from textwright.vectors.formats import WordTable
from textwright.vectors.packed import unwritten
from textwright.vectors.saved import Saved, save_folder
from textwright.vectors.vectors import Vectors, train_vectors
from textwright.workflow.progress import Silent, StageProgress
from textwright.workflow.runs import describe_run

MADE = "artifact"  # folder within the scratch one


@dataclass(frozen=True)
class VectorsOptions:
    """Where word vectors go, apart from what they depend on.

    output:   a new folder; None: only into the store, as a version.
    corpus:   folder in which the text stays as word numbers: a stopped training goes on from
              there, another one starts at once. None: not kept.
    settings: where versions are kept; found, or made in the working folder, when left out.
    actor:    who asks; stands on every event.
    """

    output: Path | None = None
    corpus: Path | None = None
    settings: Settings | None = None
    actor: str = field(default_factory=current_user)
    progress: StageProgress = field(default_factory=Silent)


@dataclass(frozen=True)
class Learned:
    """What was learned, of a text.

    words:     rows of the matrix; 0 for elmo, which spells every word.
    tokens:    words of the text.
    sentences: lines of the text that have a word kept.
    notes:     what the user should know of the text.
    """

    words: int
    dimensions: int
    tokens: int
    sentences: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainedVectors:
    """What a training left.

    artifact: address: the SHA-256 of the manifest.
    folder:   where the vectors lie: the output, or else the store.
    number:   of the version; None when no name was given.
    new:      False when the model had this very artifact already.
    """

    name: str
    method: str
    learned: Learned
    artifact: str
    folder: Path
    seconds: float
    number: int | None = None
    new: bool = False
    run: int | None = None


def train_word_vectors(recipe: VectorsRecipe, options: VectorsOptions) -> TrainedVectors:
    """Train word vectors, seal them as an artifact, and register it if the recipe has a name.

    Whatever ends it early leaves neither a folder nor a version, and a run that had begun is
    recorded as failed; the version comes before the folder.
    Raises UsageError when the folder is there already or nothing says where to keep the vectors,
    DataError for a text that cannot be read or has nothing to learn from, SettingsError for a
    folder that cannot be written to, or a full disk.
    """
    output, settings = options.output, options.settings
    if output is None and not recipe.name:
        raise UsageError("Nothing says where to keep the vectors.", "Give a folder, or a name.")
    if output is not None and output.exists():
        raise UsageError(f"{output} is there already.", "Remove it, or choose another name.")
    digest = digest_files(recipe.files)
    if recipe.name:
        settings = settings or find_settings(create=True)
    around = output.absolute().parent if output else settings.runs if settings else Path()
    with scratch_in(around) as scratch:
        if recipe.name and settings:
            made = make_version(Job(recipe, options, settings, digest), scratch)
        else:
            made = make(recipe, options, scratch)
        if output is None:
            return made
        os.rename(scratch / MADE, output)
        return replace(made, folder=output)


@contextmanager
def scratch_in(folder: Path) -> Iterator[Path]:
    """Give a folder that is gone in the end; raises SettingsError when the disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".vectors-") as scratch:
            yield Path(scratch)
    except OSError as error:
        raise unwritten(folder, error) from error


@dataclass(frozen=True)
class Job:
    """A training whose result becomes a version; ``digest`` is that of its text."""

    recipe: VectorsRecipe
    options: VectorsOptions
    settings: Settings
    digest: str


def make_version(job: Job, scratch: Path) -> TrainedVectors:
    """Train and register, with a record of the run."""
    sessions = open_database(job.settings.database, create=True)
    try:
        with recorded_run(sessions, job) as run:
            made = make(job.recipe, job.options, scratch)
            return register(sessions, job, run, made)
    finally:
        sessions.close()


def digest_files(files: Sequence[Path]) -> str:
    """SHA-256 over the sorted hashes of the files; raises DataError for one that is not there."""
    for path in files:
        if not path.is_file():
            raise DataError(f"There is no file {path}.", "Check the name.")
    hashes = sorted(hash_file(path) for path in files)
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


@contextmanager
def recorded_run(sessions: Sessions, job: Job) -> Iterator[int]:
    """Record that a run begins, and whatever ends it early."""
    recipe, actor = job.recipe, job.options.actor
    new = describe_run(recipe.text(), {"train": job.digest}, recipe.training.seed)
    with sessions.begin() as session:
        run = start_run(session, recipe.name, new, actor=actor).id
    try:
        yield run
    except BaseException as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        with sessions.begin() as session:
            fail_run(session, run, actor=actor, reason=reason)
        raise


def make(recipe: VectorsRecipe, options: VectorsOptions, scratch: Path) -> TrainedVectors:
    """Train into a sealed folder within ``scratch``."""
    started = time.perf_counter()
    folder = scratch / MADE
    learn = learn_elmo if recipe.method == "elmo" else learn_words
    learned = learn(recipe, options, scratch)
    seconds = time.perf_counter() - started
    return TrainedVectors(recipe.name, recipe.method, learned, address_of(folder), folder, seconds)


def learn_words(recipe: VectorsRecipe, options: VectorsOptions, scratch: Path) -> Learned:
    """Train one vector a word, and write them as a sealed folder."""
    progress = options.progress
    place = options.corpus or scratch / "corpus"
    files = extract_texts(recipe, scratch)
    progress.stage("reading", "words")
    corpus = build_corpus(files, place, recipe.corpus, progress=progress.count)
    assert not isinstance(recipe.training, ElmoSettings)
    progress.stage("training", "pairs" if recipe.method == "glove" else "words")
    vectors = train_vectors(corpus, recipe.training, scratch, progress=progress.count)
    learned = describe_corpus(corpus, vectors)
    papers = {"recipe.toml": recipe.text(), "card.md": write_card(recipe, learned)}
    table = WordTable(vectors.words, vectors.matrix)
    save_folder(
        scratch / MADE, Saved(table, vectors.method, vectors.tokenizer, vectors.ngrams, papers)
    )
    return learned


def describe_corpus(corpus: Corpus, vectors: Vectors) -> Learned:
    """Say what was learned of a corpus."""
    return Learned(
        words=len(vectors),
        dimensions=vectors.dimensions,
        tokens=corpus.raw_tokens,
        sentences=len(corpus.starts) - 1,
        notes=tuple(corpus.notes()),
    )


def learn_elmo(recipe: VectorsRecipe, options: VectorsOptions, scratch: Path) -> Learned:
    """Train a language model of both directions, and seal its folder."""
    from textwright.training.language_model import train_elmo

    assert isinstance(recipe.training, ElmoSettings)
    files, folder = extract_texts(recipe, scratch), scratch / MADE
    options.progress.stage("training", "words")
    found = train_elmo(files, folder, recipe.training, progress=options.progress.count)
    learned = Learned(0, 2 * recipe.training.hidden, found.words, 0)
    (folder / "recipe.toml").write_text(recipe.text(), encoding="utf-8")
    (folder / "card.md").write_text(write_card(recipe, learned), encoding="utf-8")
    write_manifest(folder, recipe.task, {"method": recipe.method})
    return learned


def extract_texts(recipe: VectorsRecipe, scratch: Path) -> list[Path]:
    """Give the files as plain text: of data files the column of texts, a row a line."""
    files = []
    for number, path in enumerate(recipe.files):
        if not set(path.suffixes[-2:]) & {*FORMATS, *COLUMNAR}:
            files.append(path)
            continue
        plain = scratch / f"text-{number}.txt"
        with plain.open("w", encoding="utf-8", newline="\n") as file:
            for row, content in read_rows(path):
                if not isinstance(content.get(recipe.column), str):
                    what = f"{path}, row {row} has no text in the column {recipe.column!r}."
                    raise DataError(what, "Name the column: --column NAME.")
                file.write(" ".join(content[recipe.column].split()) + "\n")
        files.append(plain)
    return files


def write_card(recipe: VectorsRecipe, learned: Learned) -> str:
    """Write the card of word vectors: what they are, and of what text."""
    size = f"{learned.words:,} words, {learned.dimensions} numbers each"
    if recipe.method == "elmo":
        size = f"any word, by its spelling and its sentence, {learned.dimensions} numbers a layer"
    lines = [
        f"# {recipe.name or 'Word vectors'}",
        "",
        f"Method: {recipe.method}. Seed: {recipe.training.seed}. Holds {size}.",
        "",
        f"Text: {learned.tokens:,} words; tokenizer {recipe.corpus.tokenizer}.",
        "",
        "They answer no text by themselves: name them in the [embedding] of a recipe.",
        *[f"\nNote: {each}" for each in learned.notes],
    ]
    return "\n".join(lines) + "\n"


def register(sessions: Sessions, job: Job, run: int, made: TrainedVectors) -> TrainedVectors:
    """Store the artifact, then write the run's end and the version at once."""
    store = open_store(job.settings.artifacts, job.settings.cache)
    keep_artifact(sessions, store, made.folder)
    name, actor, source = job.recipe.name, job.options.actor, ", ".join(map(str, job.recipe.files))
    dataset = NewDataset(job.digest, made.learned.sentences, ("text",), source)
    with sessions.begin() as session:
        add_run_datasets(session, session.get_one(Run, run), {"train": dataset})
        finish_run(session, run, actor=actor, seconds=made.seconds, artifact=made.artifact)
        new = NewVersion(made.artifact, run, scores={}, evaluated=False)
        version, is_new = add_version(session, name, new, actor=actor)
        number = version.number
    folder = store.folder(made.artifact)
    return replace(made, number=number, new=is_new, run=run, folder=folder)
