"""Progress on standard error: the stage of a run, and a bar for its training."""

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from textwright.cli.progress_bar import ProgressBar
from textwright.training.history import EpochRecord


class Bars(ProgressBar):
    """Shows a run as it goes on; on anything but a terminal, one line a stage."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[scores]}"),
        )

    def stage(self, name: str) -> None:
        """Begin a stage of the run."""
        self.clear()
        self.tell(f"{name} ...")

    def start(self, epochs: int, batches: int, done: int) -> None:
        """Begin the bar of a training; ``done`` epochs were made before it was resumed."""
        self.clear()
        total, made = epochs * batches, done * batches
        self.task = self.bar.add_task("training", total=total, completed=made, scores="")

    def advance(self) -> None:
        """Count one batch."""
        if self.task is not None:
            self.bar.advance(self.task)

    def finish_epoch(self, record: EpochRecord) -> None:
        """Show an epoch's scores beside the bar."""
        scores = (
            f"epoch {record.epoch}: loss {record.train_loss:.3f}, dev loss {record.dev_loss:.3f}"
        )
        scores += f", dev {record.metric} {record.dev_score:.4f}, {record.seconds:.1f} s"
        if self.task is not None and self.console.is_terminal:
            self.bar.update(self.task, scores=scores)
        else:
            self.tell(f"  {scores}")
