"""Progress: a bar on a terminal, plain lines anywhere else, results untouched."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from textwright.cli.bars import Bars
from textwright.training.history import EpochRecord

RECORD = EpochRecord(3, 0.51234, 0.6, 0.91235, 2.04, 800.0)
SHOWN = "epoch 3: loss 0.512, dev loss 0.600, dev accuracy 0.9123, 2.0 s"


def on_terminal() -> tuple[Bars, io.StringIO]:
    """Make bars that draw on a terminal kept in memory."""
    bars, target = Bars(), io.StringIO()
    bars.console = Console(file=target, force_terminal=True, width=160, highlight=False)
    bars.bar = Progress(*bars.bar.columns, console=bars.console, transient=True)
    return bars, target


def test_off_a_terminal_stages_and_epochs_are_lines_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Bars() as bars:
        bars.stage("reading")
        bars.start(20, 5, 0)
        bars.advance()
        bars.finish_epoch(RECORD)
        bars.stage("measuring")

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.split("\n") == ["reading ...", f"  {SHOWN}", "measuring ...", ""]


def test_on_a_terminal_the_scores_stand_beside_the_bar() -> None:
    bars, target = on_terminal()

    with bars:
        bars.start(2, 5, 0)
        bars.finish_epoch(RECORD)
        assert bars.bar.tasks[0].fields["scores"] == SHOWN
        bars.bar.refresh()

    assert SHOWN in target.getvalue()


def test_a_resumed_training_begins_where_it_was() -> None:
    bars, _ = on_terminal()

    bars.start(20, 5, 4)
    bars.advance()

    (task,) = bars.bar.tasks
    assert (task.total, task.completed) == (100, 21)


@pytest.mark.parametrize("begin", ["stage", "start"])
def test_the_bar_of_the_stage_before_is_taken_away(begin: str) -> None:
    bars, _ = on_terminal()
    bars.start(1, 1, 0)

    if begin == "stage":
        bars.stage("measuring")
        assert bars.bar.tasks == []
    else:
        bars.start(3, 3, 0)
        assert [task.total for task in bars.bar.tasks] == [9]


def test_without_a_bar_nothing_is_counted() -> None:
    bars, _ = on_terminal()

    bars.advance()
    bars.clear()

    assert bars.bar.tasks == []


def test_an_error_inside_goes_on_and_the_bar_is_gone() -> None:
    bars, _ = on_terminal()

    def interrupted() -> None:
        with bars:
            bars.start(1, 1, 0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert not bars.bar.live.is_started
