"""Low-rank adapters: a network learns through two narrow matrices beside each of its own.

Source: Hu et al. 2022 (LoRA), section 4.1: W becomes W + (alpha / rank) B A. What was learned is
added into W at the end, so that the network, its files and its graph are those of the checkpoint.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from textwright.errors import RecipeError
from textwright.networks.checkpoints import import_peft
from textwright.networks.encoders.pretrained import find_layers
from textwright.recipe.parts import PretrainedSettings


@contextmanager
def adapters(whole: Any, settings: PretrainedSettings, *, seed: int) -> Iterator[None]:
    """Let what is ``inner`` learn through adapters until the end, which adds them into its weights.

    The lowest ``frozen_layers`` get none. The global random state is left as it was.
    Raises RecipeError where that leaves no layer.
    """
    peft = import_peft()
    places = find_matrices(whole.inner, settings.frozen_layers)
    if not places:
        what = f"encoder.frozen_layers is {settings.frozen_layers}: no layer is left to learn."
        raise RecipeError(what, 'Write a lower one, or train = "frozen".')
    config = peft.LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        target_modules=places,
        fan_in_fan_out=not isinstance(whole.inner.get_submodule(places[0]), nn.Linear),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        whole.inner = peft.LoraModel(whole.inner, config, "learned")
    yield
    whole.inner = whole.inner.merge_and_unload()


def find_matrices(model: Any, frozen_layers: int) -> list[str]:
    """Name the linear layers of a network, without those of its lowest layers, and its last."""
    from transformers.pytorch_utils import Conv1D  # linear, too; its weight lies [in, out]

    frozen = {each for layer in find_layers(model)[:frozen_layers] for each in layer.modules()}
    frozen.add(model.get_output_embeddings())  # which may be the table of the words
    return [
        name
        for name, each in model.named_modules()
        if isinstance(each, nn.Linear | Conv1D) and each not in frozen
    ]
