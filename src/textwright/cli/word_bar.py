"""Progress over words or texts on standard error: how many a second, and the time left."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

LINE_S = 10.0  # between two lines, where there is no terminal


class WordBar:
    """Shows how far it is: a bar on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task: TaskID | None = None
        self.unit = "words"
        self.began = self.told = 0.0

    def __enter__(self) -> "WordBar":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def stage(self, name: str, unit: str) -> None:
        """Begin a stage, in which ``unit`` is counted: words, pairs of them, texts."""
        if self.task is not None:
            self.bar.remove_task(self.task)
        self.console.print(f"{name} ...", style="dim")
        self.task = self.bar.add_task(name, total=None, rate="")
        self.unit = unit
        self.began = self.told = time.perf_counter()

    def count(self, done: int, total: int) -> None:
        """Show what is done of all there is to do."""
        now = time.perf_counter()
        rate = done / max(now - self.began, 1e-9)
        shown = f"{rate:,.0f} {self.unit}/s"
        if self.task is not None:
            self.bar.update(self.task, completed=done, total=total, rate=shown)
        if not self.console.is_terminal and now - self.told >= LINE_S:
            self.told = now
            left = max(0, total - done) / max(rate, 1e-9)
            line = f"  {done:,} of {total:,} {self.unit}, {shown}, {left:,.0f} s left"
            self.console.print(line, style="dim")
