"""An encoder that was trained on much other text before it met the task.

Shapes: B batch, T tokens, D width. A mask is True at real tokens, which stand before the padding.
"""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from textwright.errors import RecipeError
from textwright.networks.checkpoints import load_encoder, read_pooling
from textwright.networks.encoders.encoder_graph import DRAWN
from textwright.networks.encoders.layer_graph import TextInGraph
from textwright.networks.encoders.windows import add_read_windows, read_windows
from textwright.networks.graph import Graph
from textwright.recipe.parts import PretrainedSettings


class TokenIds(nn.Module):
    """Stands where other networks have an embedding: the encoder has one of its own."""

    width = 0

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002  every embedding's call
        """Give the ids as they are, [B, T] int64."""
        return ids

    def add_nodes(self, graph: Graph, ids: str, lengths: str) -> str:  # noqa: ARG002  every embedding's call
        """Give the name of the ids as it is."""
        return ids


class PretrainedEncoder(nn.Module):
    """The encoder of a checkpoint, its weights kept, or learning on as the settings say.

    window: tokens that it reads at once of longer texts; 0: all of them.
    """

    window = 0

    def __init__(self, settings: PretrainedSettings, width: int) -> None:  # noqa: ARG002  every encoder's call
        super().__init__()
        self.inner = load_encoder(Path(settings.model))
        self.width: int = self.inner.config.hidden_size
        self.backward_width = 0
        self.pooling, self.unit = read_pooling(Path(settings.model))
        self.types: int = getattr(self.inner.config, "type_vocab_size", 0)
        self.frozen = settings.train == "frozen"
        freeze(self.inner, settings)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor | None = None) -> Tensor:
        """Read the texts.

        ids:   [B, T] int64, as the checkpoint's tokenizer numbers them.
        mask:  [B, T] bool.
        types: [B, T] int64, 1 at the second text of a pair; None: each is one text.
        Returns [B, T, D] float. What stands at padding means nothing.
        """
        if self.window and ids.shape[1] > self.window:
            return read_windows(self.read, ids, mask, self.window)
        return self.read(ids, mask, types)

    def read(self, ids: Tensor, mask: Tensor, types: Tensor | None = None) -> Tensor:
        """Read texts at once; all as in ``forward``."""
        typed = {} if types is None else {"token_type_ids": types}
        states: Tensor = self.inner(
            input_ids=ids, attention_mask=mask.long(), **typed
        ).last_hidden_state
        return states

    def train(self, mode: bool = True) -> "PretrainedEncoder":
        """Switch dropout on or off; a frozen encoder has none."""
        return super().train(mode and not self.frozen)

    def add_nodes(self, graph: Graph, ids: str, lengths: str, types: str | None = None) -> str:
        """Add the same to a graph; returns the name of [B, T, D].

        lengths: the name of [B] int32, the tokens of each text. types: of [B, T] int64, or None.
        """

        def read(ids: str, lengths: str) -> str:
            draw = DRAWN[self.inner.config.model_type]
            return draw(graph, self.inner, TextInGraph(ids, lengths, types))

        if self.window:
            return add_read_windows(graph, read, ids, lengths, self.window)
        return read(ids, lengths)


def freeze(model: Any, settings: PretrainedSettings) -> None:
    """Keep the weights that the settings say from learning: all of them, but for train full.

    Raises RecipeError for more layers than the encoder has.
    """
    layers = find_layers(model)
    if settings.frozen_layers > len(layers):
        what = f"encoder.frozen_layers is {settings.frozen_layers}."
        raise RecipeError(what, f"The encoder has {len(layers)} layers that can be told apart.")
    if settings.train != "full":
        model.requires_grad_(False)
        return
    if settings.frozen_embeddings:
        found = getattr(model, "embeddings", None) or model.get_input_embeddings()
        found.requires_grad_(False)
    for layer in layers[: settings.frozen_layers]:
        layer.requires_grad_(False)


def find_layers(model: Any) -> list[nn.Module]:
    """Give the layers of an encoder, lowest first; none where all of them share their weights."""
    count = model.config.num_hidden_layers
    lists = (each for each in model.modules() if isinstance(each, nn.ModuleList))
    return next((list(each) for each in lists if len(each) == count), [])
