"""A network that was trained to write before it met the task.

Shapes: B batch, S source tokens, T tokens written, M tokens written in all of a batch, V
vocabulary. A mask is True at real tokens.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from textwright.errors import ExportError
from textwright.networks.checkpoints import load_network
from textwright.networks.decoders.checkpoint_families import CAUSAL
from textwright.networks.decoders.checkpoint_parts import WriterWeights
from textwright.networks.decoders.source_families import FROM_SOURCE
from textwright.networks.decoders.source_graph import draw_source
from textwright.networks.decoders.step_graph import draw_step
from textwright.networks.encoders.pretrained import freeze
from textwright.networks.graph import Graph
from textwright.networks.roles import LANGUAGE, SOURCE, Role
from textwright.recipe.parts import PretrainedSettings

MOST_BYTES = 2**31 - 2**20  # of an ONNX file, its weights in float32


class PretrainedWriter(nn.Module):
    """The network of a checkpoint, its weights kept, or learning on as the settings say.

    Weights that it uses in two places are saved once.
    longest: tokens of the longest text that it reads, or writes.
    """

    role: Role
    readers: Mapping[str, Callable[[Any], WriterWeights]]
    reads_source = False

    def __init__(self, settings: PretrainedSettings, longest: int) -> None:
        super().__init__()
        self.inner = load_network(Path(settings.model), self.role)
        self.longest = longest
        self.frozen = settings.train == "frozen"
        freeze(self.inner, settings)
        size = sum(each.numel() * each.element_size() for each in self.parameters())
        if size > MOST_BYTES:
            what = f"The network has {size / 1e9:.1f} GB of weights, an ONNX file holds 2.1."
            raise ExportError(what, "Choose a smaller checkpoint.")

    @property
    def weights(self) -> WriterWeights:
        """Its weights, told as those of every architecture."""
        return self.readers[self.inner.config.model_type](self.inner)

    def draw_step(self) -> Graph:
        """Give a step as a graph: tokens, pads, source and past in, logits and new past out."""
        return draw_step(self.weights, self.longest)

    def train(self, mode: bool = True) -> "PretrainedWriter":
        """Switch dropout on or off; a frozen network has none."""
        return super().train(mode and not self.frozen)

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Give all weights, those that share their memory under the first of their names."""
        found = super().state_dict(*args, **kwargs)
        return {name: found[name] for name in dict.fromkeys(first_names(found).values())}

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Take weights as ``state_dict`` gives them."""
        names = first_names(super().state_dict())
        full = {name: state_dict[first] for name, first in names.items()}
        return super().load_state_dict(full, *args, **kwargs)


class CausalWriter(PretrainedWriter):
    """Tells each next token of a text from those before it."""

    role, readers = LANGUAGE, CAUSAL

    def forward(self, told: Tensor) -> tuple[Tensor]:
        """Score what comes after each token of texts that are known already.

        told: [B, T] int64, tokens that come before those to be told; below 0 at padding.
        Returns the logits [M, V] float, of real tokens alone, text by text.
        """
        logits = self.inner(input_ids=told.clamp(min=0), use_cache=False).logits  # [B, T, V]
        return (logits[told >= 0],)


class SourceWriter(PretrainedWriter):
    """Tells each next token of a text from those before it and from a source."""

    role, readers = SOURCE, FROM_SOURCE
    reads_source = True

    def forward(self, told: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor]:
        """Score what comes after each token of texts that are known already.

        told: as in ``CausalWriter``. ids: [B, S] int64 and mask: [B, S] bool, of the sources.
        """
        logits = self.inner(
            input_ids=ids,
            attention_mask=mask.long(),
            decoder_input_ids=told.clamp(min=0),
            use_cache=False,
        ).logits
        return (logits[told >= 0],)

    def draw_reader(self) -> Graph:
        """Give as a graph what is done once a source: ids and mask in, what steps need out."""
        return draw_source(self.weights)


def first_names(weights: Mapping[str, Tensor]) -> dict[str, str]:
    """Give of each weight the first name under which its memory stands."""
    owners: dict[tuple[int, int], str] = {}
    return {
        name: owners.setdefault((each.data_ptr(), each.numel()), name)
        for name, each in weights.items()
    }
