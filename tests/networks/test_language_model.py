"""The language model: what it predicts, and how that is scored."""

import math

import pytest
import torch

from textwright.networks.embeddings.characters import spell_words
from textwright.networks.language_model import EDGE, FIRST, RARE, LanguageModel, neighbours
from textwright.recipe.vectors import ElmoSettings

SETTINGS = ElmoSettings(hidden=6, vocabulary=12, max_word_bytes=8, dropout=0.0)
MASK = torch.tensor([[True, True, True, True], [True, True, False, False]])


def test_each_word_tells_the_next_one_and_the_one_before() -> None:
    ids = torch.tensor([[3, 0, 9, 10], [5, 4, 0, 0]])

    after, before = neighbours(ids, MASK, 12)

    assert after.tolist() == [[FIRST, 9 + FIRST, RARE, EDGE], [4 + FIRST, EDGE, EDGE, EDGE]]
    assert before[0].tolist() == [EDGE, 3 + FIRST, FIRST, 9 + FIRST]
    assert before[1, :2].tolist() == [EDGE, 5 + FIRST]


def test_the_highest_output_is_inside_the_vocabulary() -> None:
    after, before = neighbours(torch.arange(40)[None, :], torch.ones(1, 40, dtype=torch.bool), 12)

    assert after.max() == before.max() == 11


def test_with_every_word_sampled_once_the_loss_is_that_over_all_words() -> None:
    model = LanguageModel(SETTINGS)
    states, targets = torch.randn(5, 6), torch.tensor([0, 3, 11, 3, 1])

    sampled = model.sampled_loss(states, targets, torch.arange(12), torch.ones(12))

    torch.testing.assert_close(sampled * 5, model.full_loss(states, targets))


def test_a_word_rarely_sampled_counts_for_more_when_it_is() -> None:
    model = LanguageModel(SETTINGS)
    states, samples = torch.randn(1, 6), torch.tensor([2, 5])
    scores = model.output(states)[0].exp()
    included = torch.full((12,), 0.5)
    included[5] = 0.25

    found = model.sampled_loss(states, torch.tensor([3]), samples, included)

    total = scores[3] / 0.5 + scores[2] / 0.5 + scores[5] / 0.25
    torch.testing.assert_close(found, -(scores[3] / 0.5 / total).log())


def test_a_true_word_is_never_held_against_itself() -> None:
    model = LanguageModel(SETTINGS)
    samples = torch.tensor([3])

    loss = model.sampled_loss(torch.randn(2, 6), torch.tensor([3, 3]), samples, torch.ones(12))

    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    loss.backward()  # type: ignore[no-untyped-call]
    assert model.output.weight.grad is not None
    assert math.isfinite(model.output.weight.grad.sum().item())


def test_no_state_knows_the_word_it_is_to_predict() -> None:
    model = LanguageModel(SETTINGS).eval()
    spelled = torch.from_numpy(spell_words(["a", "b", "c", "d", "e"], 8))
    one, other = torch.tensor([[0, 1, 2, 3]]), torch.tensor([[0, 1, 4, 3]])
    mask = torch.ones(1, 4, dtype=torch.bool)

    (ahead, back), (ahead_2, back_2) = model(spelled, one, mask), model(spelled, other, mask)

    torch.testing.assert_close(ahead[:, :2], ahead_2[:, :2])  # tell words 1 and 2
    torch.testing.assert_close(back[:, 3:], back_2[:, 3:])  # tells word 2
    assert not torch.allclose(ahead[:, 2:], ahead_2[:, 2:])
