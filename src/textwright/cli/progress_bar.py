"""A bar on standard error for what a command is at, and dim lines beside it."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn, TaskID


class ProgressBar:
    """Shows one task at a time as a bar; on anything but a terminal, lines alone."""

    def __init__(self, *columns: str | ProgressColumn) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.bar = Progress(
            *columns,
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task: TaskID | None = None

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def tell(self, line: str) -> None:
        """Print a line above the bar."""
        self.console.print(line, style="dim")

    def clear(self) -> None:
        """Take the bar of the task before away."""
        if self.task is not None:
            self.bar.remove_task(self.task)
            self.task = None
