"""Low-rank adapters: what learns within, and that all of it is in the weights afterwards."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.networks.padded import padded_ids
from textwright.errors import RecipeError
from textwright.networks.encoders.adapters import adapters
from textwright.networks.encoders.pretrained import PretrainedEncoder
from textwright.recipe.parts import PretrainedSettings


def settings_of(folder: Path, frozen_layers: int = 0) -> PretrainedSettings:
    return PretrainedSettings(
        str(folder), train="lora", frozen_layers=frozen_layers, lora_rank=3, lora_alpha=6.0
    )


def learning(encoder: PretrainedEncoder) -> dict[str, tuple[int, ...]]:
    """Give the shapes of the weights that learn."""
    found = encoder.inner.named_parameters()
    return {name: tuple(each.shape) for name, each in found if each.requires_grad}


def test_two_narrow_matrices_learn_beside_each_of_the_layers(checkpoint: Path) -> None:
    settings = settings_of(checkpoint)
    encoder = PretrainedEncoder(settings, 0)

    with adapters(encoder, settings, seed=7):
        found = learning(encoder)

    assert len(found) == 2 * 2 * 6  # layers, and in each query, key, value and three more
    assert all("lora_" in name for name in found)
    assert {min(shape) for shape in found.values()} == {3}
    assert learning(encoder) == {}


def test_the_lowest_layers_are_kept_if_the_recipe_says_so(checkpoint: Path) -> None:
    settings = settings_of(checkpoint, frozen_layers=1)
    encoder = PretrainedEncoder(settings, 0)

    with adapters(encoder, settings, seed=7):
        assert all(".layer.1." in name for name in learning(encoder))


def test_where_no_layer_is_left_it_is_refused(checkpoint: Path) -> None:
    settings = settings_of(checkpoint, frozen_layers=2)

    with (
        pytest.raises(RecipeError, match="no layer is left"),
        adapters(PretrainedEncoder(settings, 0), settings, seed=7),
    ):
        pass


def test_what_was_learned_is_in_the_weights_afterwards_and_nothing_before(
    checkpoint: Path,
) -> None:
    settings = settings_of(checkpoint)
    encoder = PretrainedEncoder(settings, 0).eval()
    ids, mask = padded_ids()
    names, first = list(encoder.state_dict()), encoder(ids, mask)

    with adapters(encoder, settings, seed=7):
        before = encoder(ids, mask)
        learned = [each for each in encoder.inner.parameters() if each.requires_grad]
        encoder(ids, mask).sum().backward()
        with torch.no_grad():
            for each in learned:
                each.add_(torch.full_like(each, 0.1))
        after = encoder(ids, mask)

    torch.testing.assert_close(before, first)
    assert not torch.allclose(after[mask], first[mask], atol=0.01)
    torch.testing.assert_close(encoder(ids, mask)[mask], after[mask], atol=1e-5, rtol=0)
    assert list(encoder.state_dict()) == names


def test_equal_seeds_give_equal_adapters_and_leave_chance_as_it_was(checkpoint: Path) -> None:
    settings = settings_of(checkpoint)

    def drawn(seed: int) -> np.ndarray:
        encoder = PretrainedEncoder(settings, 0)
        with adapters(encoder, settings, seed=seed):
            weights = encoder.inner.named_parameters()
            return next(each.detach().numpy() for name, each in weights if "lora_A" in name)

    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, again, other = drawn(7), drawn(7), drawn(8)

    assert torch.equal(torch.rand(1), expected)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
