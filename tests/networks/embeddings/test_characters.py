"""Words read from their bytes."""

import numpy as np
import pytest
import torch

from textwright.networks.embeddings.characters import (
    BEGIN,
    END,
    FILTERS,
    FIRST,
    SYMBOLS,
    UNSEEN,
    CharacterCNN,
    spell_words,
)

LENGTH = 10
FILTER_COUNT = sum(FILTERS.values())


def bytes_of(word: str) -> list[int]:
    return [FIRST + each for each in word.encode()]


def test_a_word_is_its_bytes_between_two_marks() -> None:
    plain, chinese = spell_words(["cat", "卡"], LENGTH)

    assert plain.tolist() == [BEGIN, *bytes_of("cat"), END, 0, 0, 0, 0, 0]
    assert chinese.tolist() == [BEGIN, *bytes_of("卡"), END, 0, 0, 0, 0, 0]


def test_a_long_word_loses_its_end_but_not_its_mark() -> None:
    (spelled,) = spell_words(["abcdefghijkl"], LENGTH)

    assert spelled.tolist() == [BEGIN, *bytes_of("abcdefgh"), END]


def test_every_byte_has_a_number_of_its_own() -> None:
    rows = spell_words([chr(each) for each in range(256)], LENGTH)

    assert len({tuple(each) for each in rows.tolist()}) == 256
    assert rows.max() < SYMBOLS
    assert FIRST + 255 == SYMBOLS - 1


def test_the_unknown_word_is_one_symbol_and_padding_is_none() -> None:
    padding, unknown = spell_words(["[PAD]", "[UNK]"], LENGTH)

    assert not padding.any()
    assert unknown.tolist() == [BEGIN, UNSEEN, END, 0, 0, 0, 0, 0, 0, 0]


def test_a_lone_surrogate_is_spelled_as_a_question_mark() -> None:
    assert spell_words(["\ud800"], LENGTH).tolist() == spell_words(["?"], LENGTH).tolist()


def test_the_network_is_what_its_docstring_says() -> None:
    torch.manual_seed(1)
    network = CharacterCNN(6)
    spelled = spell_words(["cat"], LENGTH)
    letters = network.bytes.weight.detach().numpy()[spelled[0]]  # [C, BYTE_SIZE]
    strongest: list[float] = []
    for each, seen in zip(network.filters, FILTERS, strict=True):
        weight, bias = (one.detach().numpy() for one in each.parameters())
        windows = [letters[at : at + seen].T for at in range(LENGTH - seen + 1)]
        answers = np.array([(weight * window).sum(axis=(1, 2)) + bias for window in windows])
        strongest += answers.max(axis=0).clip(0).tolist()
    y = np.array(strongest)
    changed, share = np.split(
        network.highway.weight.detach().numpy() @ y + network.highway.bias.detach().numpy(), 2
    )
    t = 1 / (1 + np.exp(-share))
    z = t * changed.clip(0) + (1 - t) * y
    expected = network.projection.weight.detach().numpy() @ z
    expected += network.projection.bias.detach().numpy()

    found = network(torch.from_numpy(spelled)).detach().numpy()

    np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_a_word_has_the_same_vector_whatever_stands_beside_it() -> None:
    network = CharacterCNN(6)
    words = torch.from_numpy(spell_words(["cat", "a", "abcdefghijkl"], LENGTH))

    torch.testing.assert_close(network(words)[:1], network(words[:1]))


def test_the_highway_begins_by_handing_on() -> None:
    bias = CharacterCNN(6).highway.bias

    assert bias[FILTER_COUNT:].sigmoid().max() < 0.2


@pytest.mark.parametrize("words", [["cat", "cats"], ["卡", "咖"], ["ab", "ba"]])
def test_other_spellings_give_other_vectors(words: list[str]) -> None:
    one, other = CharacterCNN(6)(torch.from_numpy(spell_words(words, LENGTH)))

    assert not torch.allclose(one, other)
