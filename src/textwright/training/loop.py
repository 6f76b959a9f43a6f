"""The training loop of every network.

Equal settings, rows, seed and threads give equal weights, bit for bit, on a CPU; so does a run
that was killed at any moment and resumed from its checkpoint.

Shapes: B batch, N texts, L labels.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textwright.errors import RecipeError
from textwright.heap import keep_freed
from textwright.recipe.training import NetworkTrainingSettings
from textwright.text.batch import length_buckets
from textwright.training.checkpoint import load_checkpoint, save_checkpoint
from textwright.training.history import EpochRecord, History, Progress, Silence
from textwright.training.objective import Objective
from textwright.training.optimizer import (
    autocast,
    find_device,
    fixed_threads,
    new_optimizer,
    step_size,
    take_step,
)
from textwright.training.rows import Rows, StateRows


@dataclass(frozen=True)
class TrainingData:
    """What is learned from, and what decides when to stop.

    dev:       may be empty: then the last epoch is kept.
    multi:     each label is its own yes or no; a row of zeros counts as any other.
    objective: what is made small, by the task.
    """

    train: Rows | StateRows
    dev: Rows | StateRows
    multi: bool = False
    objective: type[Objective] = Objective


def train_network(
    model: nn.Module,
    data: TrainingData,
    settings: NetworkTrainingSettings,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> History:
    """Train a network in place; it ends on the CPU, as it was after the epoch best on dev.

    One without a weight that may change stays as it is.
    model:      called with what a batch of its rows holds, it gives the logits first.
    checkpoint: file written after every epoch. If it is there, the run goes on from it: to
                start afresh, remove it first; remove it when the weights are safe elsewhere.
    Raises UsageError for the checkpoint of another run, SettingsError for a device or precision
    this machine does not have, RecipeError if the loss stops being a number.
    """
    if not any(each.requires_grad for each in model.parameters()):
        model.eval()
        return History((), 0)
    training = Training(model, data, settings)
    mark = fingerprint(model, data, settings) if checkpoint else ""
    if checkpoint and checkpoint.exists():
        training.restore(*load_checkpoint(checkpoint, mark))
    shown = progress or Silence()
    shown.start(settings.epochs, training.batches, len(training.records))
    with keep_freed(), fixed_threads(settings.threads, range(torch.cuda.device_count())):
        while not training.is_over:
            record = training.run_epoch(shown)
            if checkpoint:
                save_checkpoint(checkpoint, training.tensors(), training.table(mark))
            shown.finish_epoch(record)
    model.load_state_dict(training.best)
    model.cpu().eval()
    return History(tuple(training.records), best_epoch(training.records))


class Training:
    """A training under way: the network, and all that changes with it.

    Each epoch draws its random numbers from the seed and its own number, so that what a resumed
    run has to know of chance is which epoch comes next.
    """

    def __init__(
        self, model: nn.Module, data: TrainingData, settings: NetworkTrainingSettings
    ) -> None:
        keeps_all = data.multi or settings.out_of_scope == "uniform"
        train = data.train if keeps_all else in_scope(data.train)
        self.train = data.objective.choose(train, settings)
        self.dev = data.dev if data.multi else in_scope(data.dev)
        self.settings = settings
        self.device = find_device(settings)
        self.model = model.to(self.device)
        self.objective = data.objective(settings, self.train.targets, multi=data.multi)
        self.objective.to(self.device)
        plain = NetworkTrainingSettings()
        self.plain = data.objective(plain, self.dev.targets, multi=data.multi)
        self.optimizer = new_optimizer(model, settings)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=settings.precision == "fp16")
        self.records: list[EpochRecord] = []
        self.best: dict[str, Tensor] = {}

    @property
    def batches(self) -> int:
        """The batches of an epoch."""
        return -(-len(self.train.targets) // self.settings.batch_size)

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or dev has not got better for too long."""
        done, patience = len(self.records), self.settings.patience
        waited = done - best_epoch(self.records)
        return done >= self.settings.epochs or 0 < patience <= waited

    def run_epoch(self, shown: Progress) -> EpochRecord:
        """Go once over the training rows, measure dev, and note both."""
        number = len(self.records) + 1
        started = time.perf_counter()
        train_loss = self.learn(number, shown)
        trained = time.perf_counter()
        dev_loss, dev_score = self.measure()
        record = EpochRecord(
            epoch=number,
            train_loss=train_loss,
            dev_loss=dev_loss,
            dev_score=dev_score,
            seconds=time.perf_counter() - started,
            texts_per_second=len(self.train.lengths) / (trained - started),
            metric=self.plain.metric,
        )
        self.records.append(record)
        if best_epoch(self.records) == number:
            self.best = {name: each.clone() for name, each in self.model.state_dict().items()}
        return record

    def learn(self, number: int, shown: Progress) -> float:
        """Go once over the training rows; returns their mean loss, or that of their tokens."""
        order_seed, torch_seed = np.random.SeedSequence([self.settings.seed, number]).spawn(2)
        torch.manual_seed(int(torch_seed.generate_state(1)[0]))
        chance = np.random.default_rng(order_seed)
        order = length_buckets(self.train.longest.tolist(), self.settings.batch_size, chance)
        together = self.settings.gradient_accumulation
        groups = [order[each : each + together] for each in range(0, len(order), together)]
        steps = len(groups) * self.settings.epochs
        self.model.train()
        total = 0.0
        for place, group in enumerate(groups):
            counted = self.objective.count(self.train.targets[np.concatenate(group)])
            for places in group:
                total += self.add_gradients(places, counted)
                shown.advance()
            rate = step_size((number - 1) * len(groups) + place, steps, self.settings)
            clip = self.settings.clip_norm
            take_step(self.model, self.optimizer, self.scaler, rate=rate, clip_norm=clip)
        mean = total / self.objective.count(self.train.targets)
        if not np.isfinite(mean):
            hint = "Lower training.learning_rate, or set training.clip_norm = 1."
            raise RecipeError(f"The training loss is {mean} in epoch {number}.", hint)
        return mean

    def add_gradients(self, places: NDArray[np.int64], counted: int) -> float:
        """Add a batch's part of the gradient of a step; returns its loss.

        counted: what the whole step counts, texts or tokens; a batch weighs its share of it.
        """
        targets = self.train.targets[places]
        with autocast(self.settings, self.device):
            logits = self.logits(self.train, places)
        loss = self.objective(logits, torch.from_numpy(targets).to(self.device)).sum()
        count = self.objective.count(targets)
        share = loss / len(places) * (count / counted)
        self.scaler.scale(share).backward()  # type: ignore[no-untyped-call]
        return float(loss.detach()) * (count / len(places))

    def measure(self) -> tuple[float, float]:
        """Give mean loss and score of the dev rows that have a class; NaN without any.

        The loss is the mean over texts, or over tokens.
        """
        if not len(self.dev.targets):
            return float("nan"), float("nan")
        self.model.eval()
        loss, said, true = 0.0, list[Tensor](), list[Tensor]()
        with torch.no_grad(), autocast(self.settings, self.device):
            for places in length_buckets(self.dev.longest.tolist(), self.plain.dev_batch):
                true.append(torch.from_numpy(self.dev.targets[places]).to(self.device))
                logits = self.logits(self.dev, places)
                said.append(self.plain.keep(logits, true[-1]))
                count = self.plain.count(self.dev.targets[places])
                loss += float(self.plain(logits, true[-1]).sum()) * (count / len(places))
        loss /= self.plain.count(self.dev.targets)
        return loss, self.plain.score(torch.cat(said), torch.cat(true))

    def logits(self, rows: Rows | StateRows, places: NDArray[np.int64]) -> Tensor:
        """Run the network on the rows at some places: [B, L] float."""
        inputs = rows.batch(places).inputs
        logits: Tensor = self.model(
            **{name: torch.from_numpy(each).to(self.device) for name, each in inputs.items()}
        )[0]
        return logits

    def tensors(self) -> dict[str, Tensor]:
        """Give all tensors that change, by name."""
        kept = {f"model.{name}": each for name, each in self.model.state_dict().items()}
        kept |= {f"best.{name}": each for name, each in self.best.items()}
        for weight, state in self.optimizer.state_dict()["state"].items():
            kept |= {f"optimizer.{weight}.{name}": each for name, each in state.items()}
        return kept

    def table(self, mark: str) -> dict[str, Any]:
        """Give all else that changes, under the fingerprint of the run."""
        records = [asdict(each) for each in self.records]
        return {"fingerprint": mark, "records": records, "scaler": self.scaler.state_dict()}

    def restore(self, tensors: dict[str, Tensor], table: dict[str, Any]) -> None:
        """Put a training back to where ``tensors`` and ``table`` were taken."""
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "optimizer": {}}
        for name, each in tensors.items():
            part, _, inner = name.partition(".")
            parts[part][inner] = each
        self.model.load_state_dict(parts["model"])
        self.best = {name: each.to(self.device) for name, each in parts["best"].items()}
        state: dict[int, dict[str, Tensor]] = {}
        for name, each in parts["optimizer"].items():
            weight, _, inner = name.partition(".")
            state.setdefault(int(weight), {})[inner] = each
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.scaler.load_state_dict(table["scaler"])
        self.records = [EpochRecord(**each) for each in table["records"]]


def in_scope(rows: Rows | StateRows) -> Rows | StateRows:
    """Leave out the rows that belong to no class."""
    return rows.take(np.flatnonzero(rows.targets.any(axis=1)))


def best_epoch(records: Sequence[EpochRecord]) -> int:
    """Give the number of the epoch with the best dev score, of equal ones the least loss.

    Without dev rows, the last; before any epoch, 0.
    """
    if not records:
        return 0
    if np.isnan(records[-1].dev_score):
        return len(records)
    return min(records, key=lambda each: (-each.dev_score, each.dev_loss)).epoch


def fingerprint(model: nn.Module, data: TrainingData, settings: NetworkTrainingSettings) -> str:
    """Name a run by all it depends on: settings, parts of the network, rows."""
    table = {
        **asdict(settings),
        "multi": data.multi,
        "goal": data.objective.__name__,
        "model": repr(model),
    }
    found = hashlib.sha256(json.dumps(table, sort_keys=True).encode())
    for name, weight in model.state_dict().items():
        found.update(f"{name} {list(weight.shape)}".encode())
    for rows in (data.train, data.dev):
        for each in (rows.flat, rows.lengths, rows.targets):
            found.update(np.ascontiguousarray(each).tobytes())
    return found.hexdigest()
