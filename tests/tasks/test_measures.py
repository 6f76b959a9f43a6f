"""What training asks of each task."""

import pytest

from textwright.errors import RecipeError
from textwright.tasks.measures import MEASURES, find_measures


def test_what_is_not_trained_here_says_so() -> None:
    with pytest.raises(RecipeError, match="Nothing here trains or scores the task 'vectors'"):
        find_measures("vectors")


def test_every_task_that_is_trained_is_found_by_its_name() -> None:
    assert [find_measures(name) for name in MEASURES] == list(MEASURES.values())
