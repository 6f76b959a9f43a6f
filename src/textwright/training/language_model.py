"""Train a language model of both directions on plain text, for the embedding ``elmo``.

Equal text, settings and seed give equal weights, bit for bit, on a CPU.

Shapes: B batch, T tokens, N words, C bytes of a word, K samples, V vocabulary.
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textwright.errors import DataError, UsageError
from textwright.heap import keep_freed
from textwright.networks.elmo import save_elmo
from textwright.networks.embeddings.characters import spell_words
from textwright.networks.language_model import FIRST, RARE, LanguageModel, neighbours
from textwright.recipe.training import NetworkTrainingSettings
from textwright.recipe.vectors import ElmoSettings
from textwright.text.tokenizer import UNKNOWN
from textwright.training.optimizer import fixed_threads, new_optimizer, step_size, take_step
from textwright.vectors.corpus import Corpus, build_corpus

HELD_OUT = 0.01  # share of the pieces the perplexity is measured on
MOST_HELD_OUT = 500  # pieces
UNSEEN_SHARE = 0.02  # of the words while training: shown as [UNK], which tasks have, too
SAMPLE_POWER = 0.75  # of a word's count: its chance to be a sample, as in word2vec

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TrainedElmo:
    """What a training found out.

    words:      of the text, each read ``epochs`` times.
    perplexity: of the next word and of the one before, on pieces held out, all words told
                apart that the settings' vocabulary has.
    parameters: kept in the folder.
    """

    words: int
    perplexity: tuple[float, float]
    parameters: int


def train_elmo(
    paths: Sequence[Path],
    folder: Path,
    settings: ElmoSettings,
    *,
    progress: Progress | None = None,
) -> TrainedElmo:
    """Train a language model on text files, a text a line, and write it as a folder.

    folder:   made whole at the end: a training that was killed leaves none of that name.
    progress: told the words read and to read, all epochs together.
    Raises UsageError when the folder is there already, DataError for a text that cannot be
    read or has fewer than two lines.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already.", "Remove it, or choose another name.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
        corpus = build_corpus(paths, Path(place) / "corpus", settings.corpus)
        with keep_freed(), fixed_threads(settings.threads, []):
            torch.manual_seed(settings.seed)
            pieces = Pieces(corpus, settings)
            model = LanguageModel(settings)
            with torch.no_grad():  # begin with what is known; learning it would take an epoch
                model.output.bias.copy_(pieces.frequencies.log() - pieces.frequencies.sum().log())
            learn(model, pieces, settings, progress or (lambda _done, _total: None))
            perplexity = measure(model, pieces)
        kept = sum(each.numel() for each in model.elmo.parameters())
        found = TrainedElmo(int(pieces.lengths.sum()), perplexity, kept)
        made = Path(place) / "made"
        made.mkdir()
        save_elmo(model.elmo, asdict(found), made)
        os.replace(made, folder)
    return found


@dataclass(frozen=True)
class PieceBatch:
    """Some pieces of text.

    spelled: [N, C] int16, each word of the batch once, [UNK] last.
    places:  [B, T] int64, each in 0..N-1.
    mask:    [B, T] bool.
    told:    two [M] int64: what is to be predicted at each real token, of M.
    """

    spelled: Tensor
    places: Tensor
    mask: Tensor
    told: tuple[Tensor, Tensor]


class Pieces:
    """The lines of a corpus, cut where they are too long, some of them held out."""

    def __init__(self, corpus: Corpus, settings: ElmoSettings) -> None:
        self.ids = corpus.ids
        self.settings = settings
        self.spelled = spell_words([*corpus.words, UNKNOWN], settings.max_word_bytes)
        edges = [
            np.append(np.arange(start, end, settings.max_line_words), end)
            for start, end in zip(corpus.starts[:-1], corpus.starts[1:], strict=True)
        ]
        self.starts = np.concatenate([each[:-1] for each in edges] or [np.zeros(0, np.int64)])
        self.lengths = np.concatenate([np.diff(each) for each in edges] or [self.starts])
        if len(self.starts) < 2:
            raise DataError("The text has fewer than two lines with words.", "Give more text.")
        order = np.random.default_rng(settings.seed).permutation(len(self.starts))
        held = min(math.ceil(len(order) * HELD_OUT), MOST_HELD_OUT)
        self.held_out, self.train = np.sort(order[:held]), np.sort(order[held:])
        self.frequencies = self.count_outputs(corpus.counts)
        self.included = inclusion(self.frequencies**SAMPLE_POWER, settings.negatives)

    def count_outputs(self, counts: NDArray[np.int64]) -> Tensor:
        """Count how often each output is to be predicted: [V] float, at least 1."""
        outputs = np.zeros(self.settings.vocabulary)
        common = counts[: len(outputs) - FIRST]
        outputs[FIRST : FIRST + len(common)] = common
        outputs[:FIRST] = len(self.starts)  # how often a piece begins or ends
        outputs[RARE] = counts[len(common) :].sum()
        return torch.from_numpy(np.maximum(outputs, 1.0)).float()

    def batches(
        self, places: NDArray[np.int64], chance: np.random.Generator | None = None
    ) -> list[NDArray[np.int64]]:
        """Group pieces of like length into batches of about as many words as the settings say."""
        if chance is not None:
            places = chance.permutation(places)
        places = places[np.argsort(self.lengths[places], kind="stable")]
        numbers = np.cumsum(self.lengths[places]) // self.settings.batch_words
        groups = np.split(places, np.flatnonzero(np.diff(numbers)) + 1)
        return (
            groups if chance is None else [groups[each] for each in chance.permutation(len(groups))]
        )

    def batch(self, places: NDArray[np.int64]) -> PieceBatch:
        """Pad the pieces at some places."""
        tokens = np.arange(self.lengths[places].max())
        mask = tokens < self.lengths[places][:, None]  # [B, T]
        ids = np.zeros(mask.shape, dtype=np.int64)
        ids[mask] = self.ids[(self.starts[places][:, None] + tokens)[mask]]
        found, inverse = np.unique(ids, return_inverse=True)
        shown, real = torch.from_numpy(ids), torch.from_numpy(mask)
        after, before = neighbours(shown, real, self.settings.vocabulary)
        return PieceBatch(
            torch.from_numpy(self.spelled[np.append(found, -1)]),
            torch.from_numpy(inverse.reshape(ids.shape)),
            real,
            (after[real], before[real]),
        )


def learn(model: LanguageModel, pieces: Pieces, settings: ElmoSettings, progress: Progress) -> None:
    """Train in place, all epochs.

    Raises DataError if the loss stops being a number.
    """
    plan = NetworkTrainingSettings(
        learning_rate=settings.learning_rate,
        schedule="linear",
        weight_decay=0.0,
        epochs=settings.epochs,
    )
    optimizer = new_optimizer(model, plan)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    chance = np.random.default_rng(settings.seed)
    batches = [
        group for _ in range(settings.epochs) for group in pieces.batches(pieces.train, chance)
    ]
    total, done = int(pieces.lengths[pieces.train].sum()) * settings.epochs, 0
    model.train()
    for number, group in enumerate(batches):
        loss = training_loss(model, pieces.batch(group), pieces.included)
        loss.backward()  # type: ignore[no-untyped-call]
        rate = step_size(number, len(batches), plan)
        take_step(model, optimizer, scaler, rate=rate, clip_norm=plan.clip_norm)
        done += int(pieces.lengths[group].sum())
        progress(done, total)
    if not math.isfinite(float(loss.detach())):
        raise DataError("The loss of the language model is no number.", "Lower learning_rate.")


def training_loss(model: LanguageModel, batch: PieceBatch, included: Tensor) -> Tensor:
    """Mean loss of both directions on a batch, some words of which are shown as [UNK]."""
    unseen = torch.rand(batch.places.shape) < UNSEEN_SHARE
    places = batch.places.masked_fill(unseen, len(batch.spelled) - 1)
    others = (torch.rand(included.shape) < included).nonzero()[:, 0]
    both = zip(model(batch.spelled, places, batch.mask), batch.told, strict=True)
    losses = [
        model.sampled_loss(states[batch.mask], told, others, included) for states, told in both
    ]
    return torch.stack(losses).mean()


def inclusion(weights: Tensor, samples: int) -> Tensor:
    """Give each output its chance to be a sample, so that about ``samples`` are.

    weights: [V] float, above 0; the chances go by them, but none is above 1.
    """
    chances = weights * (samples / weights.sum())
    while (chances > 1).any():
        sure = chances >= 1
        rest = max(samples - int(sure.sum()), 0) / chances[~sure].sum().clamp(min=1e-30)
        chances = torch.where(sure, 1.0, chances * rest)
    return chances


def measure(model: LanguageModel, pieces: Pieces) -> tuple[float, float]:
    """Give the perplexity of both directions on the pieces held out."""
    model.eval()
    losses, words = [0.0, 0.0], 0
    with torch.no_grad():
        for group in pieces.batches(pieces.held_out):
            batch = pieces.batch(group)
            states = model(batch.spelled, batch.places, batch.mask)
            for number, (read, told) in enumerate(zip(states, batch.told, strict=True)):
                losses[number] += float(model.full_loss(read[batch.mask], told))
            words += int(batch.mask.sum())
    ahead, back = (math.exp(each / words) for each in losses)
    return ahead, back
