"""Progress over words or texts on standard error: how many a second, and the time left."""

import time

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from textwright.cli.progress_bar import ProgressBar

LINE_S = 10.0  # between two lines, where there is no terminal


class WordBar(ProgressBar):
    """Shows how far it is: a bar on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self.unit = "words"
        self.began = self.told = 0.0

    def stage(self, name: str, unit: str) -> None:
        """Begin a stage, in which ``unit`` is counted: words, pairs of them, texts."""
        self.clear()
        self.tell(f"{name} ...")
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
            self.tell(f"  {done:,} of {total:,} {self.unit}, {shown}, {left:,.0f} s left")
