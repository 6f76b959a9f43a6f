"""Low-rank adapters: an encoder learns through two narrow matrices beside each of its own.

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
from textwright.networks.encoders.pretrained import PretrainedEncoder, find_layers
from textwright.recipe.parts import PretrainedSettings


@contextmanager
def adapters(
    encoder: PretrainedEncoder, settings: PretrainedSettings, *, seed: int
) -> Iterator[None]:
    """Let an encoder learn through adapters until the end, which adds them into its weights.

    The lowest ``frozen_layers`` get none. The global random state is left as it was.
    Raises RecipeError where that leaves no layer.
    """
    peft = import_peft()
    places = find_matrices(encoder.inner, settings.frozen_layers)
    if not places:
        what = f"encoder.frozen_layers is {settings.frozen_layers}: no layer is left to learn."
        raise RecipeError(what, 'Write a lower one, or train = "frozen".')
    rank, alpha = settings.lora_rank, settings.lora_alpha
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=places)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder.inner = peft.LoraModel(encoder.inner, config, "learned")
    yield
    encoder.inner = encoder.inner.merge_and_unload()


def find_matrices(model: Any, frozen_layers: int) -> list[str]:
    """Name the linear layers of an encoder, without those of its lowest layers."""
    frozen = {each for layer in find_layers(model)[:frozen_layers] for each in layer.modules()}
    return [
        name
        for name, each in model.named_modules()
        if isinstance(each, nn.Linear) and each not in frozen
    ]
