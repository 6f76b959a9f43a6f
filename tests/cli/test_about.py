"""What is known of a version, read by people."""

from datetime import UTC, datetime
from typing import Any

import pytest

from textwright.cli.about import describe, print_about
from textwright.machine import describe_machine, library_versions


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("version", "intents@3", "intents@3"),
        ("created", datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02 03:04 UTC"),
        ("evaluated", True, "yes"),
        ("run", 1234, "1234"),
        ("run", None, "-"),
        ("seed", 123456, "123456"),
        ("seconds", 3.14159, "3.1"),
        ("seconds", None, "-"),
        ("machine", None, "-"),
        ("libraries", {"numpy": "2.1", "torch": "2.13"}, "numpy 2.1, torch 2.13"),
        ("datasets", {"train": "a" * 64, "test": "b" * 64}, f"train {'a' * 16}, test {'b' * 16}"),
    ],
)
def test_each_fact_is_written_in_words(name: str, value: Any, written: str) -> None:
    assert describe(name, value) == written


def test_a_machine_is_described_with_its_units() -> None:
    machine = {"processor": "A1", "cores": 2, "memory_gib": 7.8, "python": "3.11.7", "gpu": "none"}
    assert describe("machine", machine) == "A1, 2 cores, 7.8 GiB of memory, Python 3.11.7, none"


def test_what_a_run_really_keeps_needs_no_braces_and_stays_within_the_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_about({"machine": describe_machine(), "libraries": library_versions(), "run": None})
    shown = capsys.readouterr().out
    assert "{" not in shown
    assert "numpy " in shown
    assert "       run  -\n" in shown
    assert max(map(len, shown.splitlines())) <= 100
