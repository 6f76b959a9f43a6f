"""The state of a network that writes, and the sums its probabilities are taken from."""

import numpy as np
import pytest

from textwright.structures.writing import State, Written, log_normalizers, take_each


@pytest.fixture
def state() -> State:
    read = np.arange(6).reshape(3, 2)  # [N, S]
    written = np.arange(3 * 2 * 4).reshape(3, 2, 4)  # [N, K, T]
    return State({"read": read}, {"written": written})


def test_rows_go_on_from_the_rows_they_come_from(state: State) -> None:
    taken = state.take(np.array([0, 1, 2]), np.array([[0, 0], [1, 0], [1, 1]]))

    assert taken.past["written"][0].tolist() == [[0, 1, 2, 3], [0, 1, 2, 3]]
    assert taken.past["written"][1].tolist() == [[12, 13, 14, 15], [8, 9, 10, 11]]
    assert taken.past["written"][2].tolist() == [[20, 21, 22, 23], [20, 21, 22, 23]]


def test_a_source_left_out_takes_what_was_read_with_it(state: State) -> None:
    taken = state.take(np.array([0, 2]), np.array([[0], [1]]))

    assert taken.source["read"].tolist() == [[0, 1], [4, 5]]
    assert taken.past["written"].tolist() == [[[0, 1, 2, 3]], [[20, 21, 22, 23]]]


def test_what_was_read_is_not_copied_while_all_sources_go_on(state: State) -> None:
    taken = state.take(np.array([0, 1, 2]), np.array([[1], [0], [0]]))

    assert taken.source["read"] is state.source["read"]


def test_what_was_written_is_not_copied_while_all_rows_go_on(state: State) -> None:
    every, places = np.array([0, 1, 2]), np.array([[0, 1]] * 3)

    assert state.take(every, places).past["written"] is state.past["written"]
    assert state.take(every, places[:, ::-1]).past["written"][0].tolist()[0] == [4, 5, 6, 7]
    fewer = state.take(every[1:], places[1:]).past["written"]
    assert fewer.tolist() == state.past["written"][1:].tolist()


def test_one_row_becomes_as_many_as_are_asked_for(state: State) -> None:
    first = state.take(np.array([0, 1, 2]), np.zeros((3, 1), np.int64))
    taken = first.take(np.array([0, 1, 2]), np.zeros((3, 5), np.int64))

    assert taken.past["written"].shape == (3, 5, 4)


def test_no_source_may_be_left(state: State) -> None:
    taken = state.take(np.zeros(0, np.int64), np.zeros((0, 2), np.int64))

    assert taken.source["read"].shape == (0, 2)
    assert taken.past["written"].shape == (0, 2, 4)


def test_a_state_without_arrays_stays_so() -> None:
    taken = State().take(np.array([1]), np.array([[0, 1]]))

    assert taken.source == {}
    assert taken.past == {}


def test_normalizers_are_those_of_a_softmax() -> None:
    logits = np.array([[[0.0, 1.0, 2.0]], [[-3.0, 0.5, 0.5]]], dtype=np.float32)
    expected = np.log(np.exp(logits.astype(np.float64)).sum(axis=-1))

    assert log_normalizers(logits) == pytest.approx(expected, abs=1e-6)


def test_normalizers_of_large_logits_stay_numbers() -> None:
    logits = np.array([[1000.0, 1000.0], [-1000.0, -1000.0]], dtype=np.float32)

    assert log_normalizers(logits) == pytest.approx([1000 + np.log(2), -1000 + np.log(2)])


def test_a_banned_token_adds_nothing_to_a_normalizer() -> None:
    logits = np.array([[1.0, -np.inf, 1.0]], dtype=np.float32)

    assert log_normalizers(logits) == pytest.approx([1 + np.log(2)])


def test_logits_are_left_as_they_were() -> None:
    logits = np.array([[1.0, 2.0]], dtype=np.float32)
    log_normalizers(logits)

    assert logits.tolist() == [[1.0, 2.0]]


def test_each_row_gives_the_values_at_its_own_places() -> None:
    values = np.array([[1, 2, 3], [4, 5, 6]])

    assert take_each(values, np.array([[2, 0], [1, 1]])).tolist() == [[3, 1], [5, 5]]


def test_equal_texts_are_equal() -> None:
    assert Written((1, 2), -1.5, -0.5, finished=True) == Written((1, 2), -1.5, -0.5, finished=True)
    assert Written((1, 2), -1.5, -0.5, finished=True) != Written((1, 2), -1.5, -0.5, finished=False)
