"""Progress over words: a bar on a terminal, now and then a line elsewhere."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from textwright.cli.word_bar import WordBar


def on_terminal() -> tuple[WordBar, io.StringIO]:
    """Make a bar that draws on a terminal kept in memory."""
    bar, target = WordBar(), io.StringIO()
    bar.console = Console(file=target, force_terminal=True, width=160, highlight=False)
    bar.bar = Progress(*bar.bar.columns, console=bar.console, transient=True)
    return bar, target


def test_off_a_terminal_a_stage_is_a_line_and_quick_counts_are_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with WordBar() as bar:
        bar.stage("reading", "words")
        bar.count(5, 10)
        bar.stage("training", "words")

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.split("\n") == ["reading ...", "training ...", ""]


def test_off_a_terminal_a_long_stage_tells_its_rate_and_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 5.0, 12.0, 13.0])
    monkeypatch.setattr("textwright.cli.word_bar.time.perf_counter", lambda: next(times))
    with WordBar() as bar:
        bar.stage("training", "words")
        bar.count(5_000, 24_000)  # after 5 s: too soon for a line
        bar.count(12_000, 24_000)
        bar.count(13_000, 24_000)

    lines = capsys.readouterr().err.splitlines()
    assert lines[1:] == ["  12,000 of 24,000 words, 1,000 words/s, 12 s left"]


def test_on_a_terminal_the_rate_stands_beside_the_bar() -> None:
    bar, target = on_terminal()

    with bar:
        bar.stage("training", "pairs")
        bar.count(50, 100)
        (task,) = bar.bar.tasks
        assert (task.completed, task.total) == (50, 100)
        assert task.fields["rate"].endswith("pairs/s")
        bar.bar.refresh()

    assert "50 %" in target.getvalue()


def test_the_bar_of_the_stage_before_is_taken_away() -> None:
    bar, _ = on_terminal()

    bar.stage("reading", "words")
    bar.stage("training", "words")

    assert [task.description for task in bar.bar.tasks] == ["training"]


def test_a_count_before_any_stage_is_no_matter() -> None:
    bar, _ = on_terminal()

    bar.count(1, 2)

    assert bar.bar.tasks == []


def test_an_interrupt_inside_goes_on_and_the_bar_is_gone() -> None:
    bar, _ = on_terminal()

    def interrupted() -> None:
        with bar:
            bar.stage("training", "words")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert not bar.bar.live.is_started
