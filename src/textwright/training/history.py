"""What is written down of a training, epoch by epoch."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class EpochRecord:
    """One pass over the training rows.

    epoch:        counted from 1.
    train_loss:   mean over the pass, in nats, dropout and smoothing included.
    dev_loss:     mean after the pass, in nats, of the rows that have a class.
    dev_score:    of the dev rows, larger is better: what the best epoch is chosen by.
    seconds:      of the pass, dev included.
    texts_per_second: in training alone.
    metric:       the name of the dev score.
    """

    epoch: int
    train_loss: float
    dev_loss: float
    dev_score: float
    seconds: float
    texts_per_second: float
    metric: str = "accuracy"


@dataclass(frozen=True)
class History:
    """All epochs of a training, the earlier ones of a resumed run included.

    best: the epoch whose weights were kept.
    """

    epochs: tuple[EpochRecord, ...]
    best: int


class Progress(Protocol):
    """Who wants to hear how a training goes on; called from the training's own thread."""

    def start(self, epochs: int, batches: int, done: int) -> None:
        """Begin: most epochs, batches in each, epochs already done by the run that is resumed."""

    def advance(self) -> None:
        """Count one batch of training rows."""

    def finish_epoch(self, record: EpochRecord) -> None:
        """Note an epoch that is over, and saved; what this raises ends the training."""


class Silence:
    """Progress that nobody looks at."""

    def start(self, epochs: int, batches: int, done: int) -> None:
        """Do nothing."""

    def advance(self) -> None:
        """Do nothing."""

    def finish_epoch(self, record: EpochRecord) -> None:
        """Do nothing."""
