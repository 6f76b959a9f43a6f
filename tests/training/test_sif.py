"""What vectors have in common, against all of them at once."""

import numpy as np
import pytest
import torch

from textwright.recipe.file import check_recipe
from textwright.text.batch import Encoding
from textwright.training.model import build_model
from textwright.training.sif import find_common


def test_what_vectors_have_in_common_is_their_first_singular_vector() -> None:
    table = {
        "name": "v",
        "task": "embed",
        "data": {"train": "t.jsonl"},
        "embedding": {"kind": "one-hot"},
        "encoder": {"kind": "none"},
    }
    model = build_model(check_recipe(table), 6, 0)
    texts = [Encoding(np.array(ids)) for ids in ([2, 2, 3], [2, 4], [2, 5, 5], [3])]

    find_common(model, texts)

    counts = np.array([[np.mean(text.ids == each) for each in range(6)] for text in texts])
    expected = np.abs(np.linalg.svd(counts)[2][0])
    assert np.abs(model.decoder.common.numpy()) == pytest.approx(expected, abs=1e-6)
    ids, mask = torch.tensor([[2, 4]]), torch.ones(1, 2, dtype=torch.bool)
    vector = model(ids, mask)[0]
    assert float(vector @ model.decoder.common) == pytest.approx(0, abs=1e-6)
    assert float(vector.norm()) == pytest.approx(1)
