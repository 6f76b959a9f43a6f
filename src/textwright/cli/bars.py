"""Progress on standard error: the stage of a run, and a bar for its training."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from textwright.training.history import EpochRecord


class Bars:
    """Shows a run as it goes on; on anything but a terminal, one line a stage."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[scores]}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task: TaskID | None = None

    def __enter__(self) -> "Bars":
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bars.stop()

    def stage(self, name: str) -> None:
        """Begin a stage of the run."""
        self.clear()
        self.console.print(f"{name} ...", style="dim")

    def start(self, epochs: int, batches: int, done: int) -> None:
        """Begin the bar of a training; ``done`` epochs were made before it was resumed."""
        self.clear()
        total, made = epochs * batches, done * batches
        self.task = self.bars.add_task("training", total=total, completed=made, scores="")

    def advance(self) -> None:
        """Count one batch."""
        if self.task is not None:
            self.bars.advance(self.task)

    def finish_epoch(self, record: EpochRecord) -> None:
        """Show an epoch's scores beside the bar."""
        scores = (
            f"epoch {record.epoch}: loss {record.train_loss:.3f}, dev loss {record.dev_loss:.3f}"
        )
        scores += f", dev {record.metric} {record.dev_score:.4f}, {record.seconds:.1f} s"
        if self.task is not None and self.console.is_terminal:
            self.bars.update(self.task, scores=scores)
        else:
            self.console.print(f"  {scores}", style="dim")

    def clear(self) -> None:
        """Take the bar of the stage before away."""
        if self.task is not None:
            self.bars.remove_task(self.task)
            self.task = None
