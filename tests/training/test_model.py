"""Networks put together from recipes: every part, alone and in a batch."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.networks.padded import LENGTHS, padded_ids
from tests.training.small import LABELS, VOCABULARY, poolings_of, small_recipe, tables_of
from textwright.errors import RecipeError
from textwright.networks.components import ENCODERS
from textwright.recipe.file import check_recipe
from textwright.recipe.recipe import Recipe
from textwright.training.model import TextModel, build_model

EVERY_TABLE = [
    {**table, "decoder": {"pooling": pooling}}
    for encoder in ENCODERS
    for table in tables_of(encoder, hidden=6)
    for pooling in poolings_of(encoder)
]
SHALLOW = {"encoder": {"kind": "bilstm", "bidirectional": False, "hidden": 5}}
DEEP = {"encoder": {"kind": "bilstm", "layers": 3, "hidden": 5}}
RECIPES = pytest.mark.parametrize("recipe", [*EVERY_TABLE, SHALLOW, DEEP], indirect=True)
SILENT = "key.bias"  # softmax takes away what is the same for all tokens: it never learns


def new_model(recipe: Recipe) -> TextModel:
    return build_model(recipe, VOCABULARY, LABELS)


def train_a_step(model: TextModel) -> Tensor:
    ids, mask = padded_ids()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = torch.nn.functional.cross_entropy(model(ids, mask)[0], torch.tensor([0, 1, 2]))
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss


@RECIPES
def test_every_part_trains_a_step(recipe: Recipe) -> None:
    model = new_model(recipe)
    before = {name: each.clone() for name, each in model.named_parameters()}

    loss = train_a_step(model)

    assert torch.isfinite(loss)
    stuck = [name for name, each in model.named_parameters() if torch.equal(each, before[name])]
    assert [name for name in stuck if not name.endswith(SILENT)] == []


@pytest.mark.parametrize(("windows", "window"), [(1, 0), (3, 8)])
def test_an_encoder_reads_as_much_at_once_as_the_tokenizer_puts_into_a_window(
    checkpoint: Path, windows: int, window: int
) -> None:
    encoder = {"kind": "pretrained", "model": str(checkpoint)}
    recipe = small_recipe(encoder=encoder, tokenizer={"max_tokens": 8, "windows": windows})

    assert new_model(recipe).encoder.window == window


@RECIPES
def test_every_part_saves_and_loads(recipe: Recipe, tmp_path: Path) -> None:
    model = new_model(recipe)
    train_a_step(model)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")

    other = new_model(recipe)
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))

    assert torch.equal(model.eval()(*padded_ids())[0], other.eval()(*padded_ids())[0])


@RECIPES
def test_every_part_answers_the_same_alone_or_in_a_batch(recipe: Recipe) -> None:
    model = new_model(recipe).eval()
    ids, mask = padded_ids()

    together, _ = model(ids, mask)
    alone = [model(ids[[row], :n], mask[[row], :n])[0] for row, n in enumerate(LENGTHS)]

    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


def test_the_seed_alone_decides_the_first_weights() -> None:
    other = small_recipe(training={"seed": 8})
    torch.manual_seed(1)
    first = new_model(small_recipe()).state_dict()
    torch.manual_seed(2)
    second = new_model(small_recipe()).state_dict()

    assert all(torch.equal(first[name], second[name]) for name in first)
    name = "encoder.forwards.0.weight_ih_l0"
    assert not torch.equal(first[name], new_model(other).state_dict()[name])


def test_building_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)

    new_model(small_recipe())

    assert torch.equal(torch.rand(3), expected)


def test_the_bag_is_no_network() -> None:
    bag = check_recipe({"name": "bag", "data": {"train": "train.jsonl"}})

    with pytest.raises(RecipeError, match="'bag' is no network"):
        build_model(bag, VOCABULARY, LABELS)
