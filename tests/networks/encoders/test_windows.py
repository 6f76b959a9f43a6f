"""Texts read in windows, against each window read alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.networks.encoders.test_encoder_graph import read_by_graph
from tests.networks.tiny_checkpoints import VOCABULARY, write_checkpoint
from textwright.networks.encoders.pretrained import PretrainedEncoder
from textwright.recipe.parts import PretrainedSettings

WINDOW = 8


def encoder_of(folder: Path, train: str = "frozen") -> PretrainedEncoder:
    encoder = PretrainedEncoder(PretrainedSettings(model=str(folder), train=train), 0).eval()
    encoder.window = WINDOW
    return encoder


def texts(*lengths: int) -> tuple[Tensor, Tensor]:
    mask = torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]
    ids = torch.randint(5, VOCABULARY, mask.shape, generator=torch.Generator().manual_seed(1))
    return ids.masked_fill(~mask, 0), mask


def test_each_window_is_read_by_itself(checkpoint: Path) -> None:
    encoder = encoder_of(checkpoint)
    ids, mask = texts(19, 8, 1)

    found = encoder(ids, mask)

    for row, begin in ((0, 0), (0, 8), (0, 16), (1, 0)):
        part = ids[row : row + 1, begin : min(begin + WINDOW, int(mask[row].sum()))]
        alone = encoder.read(part, torch.ones_like(part, dtype=torch.bool))
        torch.testing.assert_close(found[row, begin : begin + part.shape[1]], alone[0])
    assert found.shape == (3, 19, encoder.width)


def test_windows_without_a_token_leave_gradients_that_are_numbers(checkpoint: Path) -> None:
    encoder = encoder_of(checkpoint, train="full").train()
    ids, mask = texts(19, 1)

    encoder(ids, mask)[mask].square().sum().backward()

    learned = [each.grad for each in encoder.parameters() if each.grad is not None]
    assert learned
    assert all(torch.isfinite(each).all() for each in learned)


@pytest.mark.parametrize("kind", ["bert", "mpnet", "modernbert"])
@pytest.mark.parametrize("lengths", [(19, 8, 1), (16, 16), (5, 3), (8,), (9, 1)])
def test_the_graph_reads_windows_as_the_network_does(
    tmp_path: Path, lengths: tuple[int, ...], kind: str
) -> None:
    encoder = encoder_of(write_checkpoint(tmp_path / "tiny", kind, pad_token_id=0))
    ids, mask = texts(*lengths)

    found = read_by_graph(encoder, ids=ids, mask=mask)

    expected = encoder(ids, mask).detach()
    assert found.shape == tuple(expected.shape)
    np.testing.assert_allclose(found[mask.numpy()], expected[mask].numpy(), atol=1e-5)
