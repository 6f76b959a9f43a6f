"""Rows to learn from: those of token ids, and those of states, are padded and chosen alike."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.small import small_rows
from textwright.training.rows import Rows, StateRows

WIDTH = 3


def states_of(rows: Rows) -> StateRows:
    """Give states that tell which id each token had."""
    flat = np.repeat(rows.flat[:, None], WIDTH, axis=1).astype(np.float32)
    return StateRows(flat, rows.lengths, rows.targets, rows.texts)


def pairs() -> Rows:
    rows = small_rows(20, seed=3)
    return replace(rows, targets=rows.targets[::2], texts=2)


@pytest.mark.parametrize("rows", [small_rows(20, seed=3), pairs()], ids=["texts", "pairs"])
def test_states_are_padded_as_their_ids_are(rows: Rows) -> None:
    places = np.array([7, 2, 9])
    ids, states = rows.batch(places), states_of(rows).batch(places)

    np.testing.assert_array_equal(states.mask, ids.mask)
    np.testing.assert_array_equal(states.states[:, :, 0], ids.ids)
    assert len(ids.ids) == 3 * rows.texts


@pytest.mark.parametrize("rows", [small_rows(20, seed=3), pairs()], ids=["texts", "pairs"])
def test_rows_taken_out_are_those_rows_and_no_others(rows: Rows) -> None:
    places = np.array([5, 1, 8])
    ids, states = rows.take(places), states_of(rows).take(places)
    everything = np.arange(3)

    np.testing.assert_array_equal(ids.targets, rows.targets[places])
    np.testing.assert_array_equal(states.targets, rows.targets[places])
    np.testing.assert_array_equal(ids.batch(everything).ids, rows.batch(places).ids)
    np.testing.assert_array_equal(
        states.batch(everything).states, states_of(rows).batch(places).states
    )


def test_the_longest_text_of_a_pair_is_its_length() -> None:
    rows = pairs()

    expected = [max(*pair) for pair in rows.lengths.reshape(-1, 2).tolist()]

    assert rows.longest.tolist() == expected
    assert states_of(rows).longest.tolist() == expected


def test_tokens_of_texts_are_found_where_they_stand() -> None:
    rows = small_rows(6, seed=3)

    found = rows.flat[rows.tokens(np.array([4, 0]))]

    expected = [*rows.encodings[4].ids, *rows.encodings[0].ids]
    assert found.tolist() == expected
