"""Write a text with a transformer that looks at a source, or only at what it wrote.

Shapes: B batch, T tokens written, P tokens before these, S source tokens, D width of the source's
states, E embedding, W width of the writer's states, H heads; in graphs N sources, K rows of each.
A mask is True at real tokens.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from textwright.networks.decoders.cached_graph import add_range
from textwright.networks.decoders.heads import Heads
from textwright.networks.decoders.writing import (
    FIRST_OUTPUT,
    PADS,
    Named,
    Shapes,
    SourceInGraph,
    StepInGraph,
)
from textwright.networks.encoders.layer_graph import add_column, add_norm
from textwright.networks.encoders.transformer import WIDER, start_linear
from textwright.networks.graph import FLOAT, FUSED, Graph
from textwright.networks.positions import SinusoidalPositions
from textwright.recipe.writing import WriterSettings


class TransformerWriter(nn.Module):
    """Layers in which each token looks at those before it, then at the source.

    A layer adds to the states x, with LN the normalisation of each token's state::

        x = x + attention(LN(x), to itself and all before)
        x = x + attention(LN(x), to the source)                where there is one
        x = x + narrow(gelu(widen(LN(x))))

    and LN closes the last one. Source: Vaswani et al. 2017, section 3, the decoder; normalised
    before each step, and without a source a GPT (Radford et al. 2019, section 2.3). Places are
    the sines and cosines of section 3.5, which know no longest text.

    Keys and values of the tokens written are kept from step to step; those of the source are
    computed once.
    """

    def __init__(self, settings: WriterSettings, source: int, embedding: int) -> None:
        super().__init__()
        self.width = settings.hidden
        self.entry = nn.Linear(embedding, self.width)
        self.entry_norm = nn.LayerNorm(self.width)
        self.dropout = nn.Dropout(settings.dropout)
        self.layers = nn.ModuleList(WritingLayer(settings, source) for _ in range(settings.layers))
        self.norm = nn.LayerNorm(self.width)
        self.output = nn.Linear(self.width, embedding)
        self.places = SinusoidalPositions(self.width)
        start_linear(self)
        with torch.no_grad():
            self.output.weight.mul_(FIRST_OUTPUT)

    def forward(
        self, vectors: Tensor, states: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Give what each next token is told from, [B, T, E] float.

        vectors: [B, T, E] float, of the tokens before.
        states:  [B, S, D] float and mask: [B, S] bool, of the source; None without one.
        """
        entry = self.entry_norm(self.entry(vectors))  # [B, T, W]
        read = self.dropout(entry + self.places(entry.shape[1]))
        for layer in self.layers:
            read = layer(read, states, mask)
        told: Tensor = self.output(self.norm(read))
        return told

    @property
    def shapes(self) -> Shapes:
        """The shapes of what a step takes besides its tokens, by name."""
        shapes: Shapes = {PADS: ["N"]}
        layers: Any = self.layers
        for number, layer in enumerate(layers):
            heads, part = layer.itself.heads, layer.itself.part
            if layer.source is not None:
                shapes["source.bias"] = ["N", "S"]
                shapes[f"source.keys{number}"] = ["N", 1, heads, part, "S"]
                shapes[f"source.values{number}"] = ["N", 1, heads, "S", part]
            shapes[f"past.keys{number}"] = ["N", "K", heads, part, "P"]
            shapes[f"past.values{number}"] = ["N", "K", heads, "P", part]
        return shapes

    def add_source(self, graph: Graph, found: SourceInGraph) -> Named:
        """Add to a graph what a source is to the steps; returns names by those of ``shapes``."""
        states = graph.add("Unsqueeze", found.states, graph.constant([1]))  # [N, 1, S, D]
        made = {"source.bias": found.bias}
        layers: Any = self.layers
        for number, layer in enumerate(layers):
            made[f"source.keys{number}"] = layer.source.add_keys(graph, states)
            made[f"source.values{number}"] = layer.source.add_values(graph, states)
        return made

    def add_step(self, graph: Graph, vectors: str, given: Named) -> StepInGraph:
        """Add a step to a graph.

        vectors: the name of [N, K, T, E].
        given:   names by those of ``shapes``.
        """
        before = graph.add("Shape", given["past.keys0"], start=4, end=5)  # [1], P
        end = graph.add("Add", before, graph.add("Shape", vectors, start=2, end=3))
        middle = graph.constant([1, 2, 3])
        pads = graph.add("Unsqueeze", graph.add("Cast", given[PADS], to=FLOAT), middle)
        asking = add_column(graph, add_range(graph, before, end))  # [T, 1]
        entry = graph.linear(vectors, self.entry.weight, self.entry.bias)
        places = self.places.add_nodes(graph, graph.add("Sub", asking, pads))  # [N, 1, T, W]
        read = graph.add("Add", add_norm(graph, entry, self.entry_norm), places)
        biases = {"past": add_past_bias(graph, asking, end, pads)}
        if "source.bias" in given:
            biases["source"] = graph.add("Unsqueeze", given["source.bias"], middle)
        past: Named = {}
        layers: Any = self.layers
        for number, layer in enumerate(layers):
            read, weights = layer.add_step(graph, read, Looked(number, given, biases, past))
        told = graph.linear(add_norm(graph, read, self.norm), self.output.weight, self.output.bias)
        if weights is not None:  # the mean over the heads, as one picture shows it
            weights = graph.add("ReduceMean", weights, graph.constant([2]), keepdims=0)
        return StepInGraph(told, past, weights)


class WritingLayer(nn.Module):
    """Attention to what was written, to the source, and a wide network, each added on."""

    def __init__(self, settings: WriterSettings, source: int) -> None:
        super().__init__()
        width, looks = settings.hidden, (settings.heads, settings.dropout)
        self.itself = Heads(width, width, *looks)
        self.itself_norm = nn.LayerNorm(width)
        self.source = Heads(width, source, *looks) if source else None
        self.source_norm = nn.LayerNorm(width) if source else None
        self.wide_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, WIDER * width)
        self.narrow = nn.Linear(WIDER * width, width)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, read: Tensor, states: Tensor | None, mask: Tensor | None) -> Tensor:
        """Add all steps to the states [B, T, W]."""
        normal = self.itself_norm(read)
        read = read + self.dropout(self.itself(normal, normal, None))
        if self.source is not None:
            assert self.source_norm is not None
            read = read + self.dropout(self.source(self.source_norm(read), states, mask))
        wide = self.dropout(gelu(self.widen(self.wide_norm(read))))  # [B, T, 4W]
        narrow: Tensor = self.dropout(self.narrow(wide))
        return read + narrow

    def add_step(self, graph: Graph, read: str, found: "Looked") -> tuple[str, str | None]:
        """Add the same to a graph; the names of [N, K, T, W] and of the weights of the source."""
        normal = add_norm(graph, read, self.itself_norm)
        keys = found.add_kept(graph, "keys", self.itself.add_keys(graph, normal), 4)
        values = found.add_kept(graph, "values", self.itself.add_values(graph, normal), 3)
        shown, _ = self.itself.add_nodes(graph, normal, keys, values, found.biases["past"])
        read = graph.add("Add", read, shown)
        weights = None
        if self.source is not None:
            assert self.source_norm is not None
            normal = add_norm(graph, read, self.source_norm)
            keys, values = (
                found.given[f"source.{each}{found.number}"] for each in ("keys", "values")
            )
            shown, weights = self.source.add_nodes(
                graph, normal, keys, values, found.biases["source"]
            )
            read = graph.add("Add", read, shown)
        wide = graph.linear(add_norm(graph, read, self.wide_norm), self.widen.weight)
        wide = graph.add("BiasGelu", wide, graph.constant(self.widen.bias), domain=FUSED)
        narrow = graph.linear(wide, self.narrow.weight, self.narrow.bias)
        return graph.add("Add", read, narrow), weights


class Looked:
    """What a layer of a step finds in a graph, and where it leaves its past.

    number: of the layer, from 0.
    biases: what is added to the scores of ``past`` and ``source``.
    """

    def __init__(self, number: int, given: Named, biases: Named, past: Named) -> None:
        self.number, self.given, self.biases, self.past = number, given, biases, past

    def add_kept(self, graph: Graph, kind: str, new: str, axis: int) -> str:
        """Add what is new to what was kept, along the axis of the tokens."""
        name = f"past.{kind}{self.number}"
        self.past[name] = graph.add("Concat", self.given[name], new, axis=axis)
        return self.past[name]


def add_past_bias(graph: Graph, asking: str, end: str, pads: str) -> str:
    """Add to a graph what hides from each new token those after it, and places that are empty.

    asking: the name of [T, 1] float, places of the new tokens; end: [1], one past the last.
    pads:   of [N, 1, 1, 1] float, so many places at the left are empty. A token in one of them,
            which nobody looks at, is shown those before it, so that it has numbers at all.
    Returns the name of [N, 1, 1, T, P + T] float.
    """
    every = add_column(graph, add_range(graph, graph.constant([0]), end))
    every = graph.add("Transpose", every, perm=[1, 0])
    later = graph.add("Less", asking, every)  # [T, P + T]
    empty = graph.add("Less", every, pads)  # [N, 1, 1, P + T]
    asks = graph.add("GreaterOrEqual", asking, pads)  # [N, 1, T, 1]
    hidden = graph.add("Or", later, graph.add("And", empty, asks))  # [N, 1, T, P + T]
    away, seen = (graph.constant(each) for each in (float("-inf"), 0.0))
    bias = graph.add("Where", hidden, away, seen)
    return graph.add("Unsqueeze", bias, graph.constant([1]))
