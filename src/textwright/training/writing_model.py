"""A network that writes, put together from the parts of a recipe.

Shapes: B batch, S source tokens, T tokens written, M tokens written in all of a batch, E
embedding, V vocabulary; in graphs N sources, K rows of each. A mask is True at real tokens.
"""

from typing import Any

import torch
from torch import Tensor, nn

from textwright.networks.components import ENCODERS, WRITERS, find_part
from textwright.networks.decoders.copying import Copying
from textwright.networks.decoders.pretrained import CausalWriter, PretrainedWriter, SourceWriter
from textwright.networks.decoders.writing import Named, Shapes, SourceInGraph, input_kind
from textwright.networks.graph import INT32, Graph
from textwright.recipe.parts import PretrainedSettings
from textwright.recipe.recipe import Recipe
from textwright.recipe.writing import DrawSettings, SearchSettings, WriterSettings, WritingSettings
from textwright.training.model import build_embedding


class WritingModel(nn.Module):
    """Tells each next token of what is written from a source, or (no encoder) of plain text.

    One table holds the vectors of the tokens read, of those written, and those that the next
    token is told by (Press and Wolf 2017, section 5: three-way weight tying).

    copying: None where no token of the source may be copied.
    """

    def __init__(
        self,
        embedding: Any,
        encoder: Any,
        decoder: Any,
        vocabulary: int,
        copying: Copying | None = None,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.encoder = encoder
        self.decoder = decoder
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.copying = copying

    def forward(
        self, told: Tensor, ids: Tensor | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor]:
        """Score what comes after each token of texts that are known already.

        told: [B, T] int64, tokens that come before those to be told; below 0 at padding.
        ids:  [B, S] int64 and mask: [B, S] bool, of the sources; None without.
        Returns the logits [M, V] float, of real tokens alone, text by text; their
        log-probabilities where tokens may be copied.
        """
        states = None
        if self.encoder is not None:
            states = self.encoder(self.embedding(ids, mask), mask)  # [B, S, D]
        real = told >= 0
        vectors = self.embedding(told.clamp(min=0), real)
        outputs = self.decoder(vectors, states, mask)  # [B, T, E]
        logits = outputs[real] @ self.embedding.table.weight.T + self.bias
        if self.copying is not None:
            logits = self.copying(logits, outputs, real, (ids, states, mask))
        return (logits,)

    @property
    def shapes(self) -> Shapes:
        """The shapes of what a step takes besides its tokens, by name."""
        shapes: Shapes = self.decoder.shapes
        return shapes if self.copying is None else shapes | self.copying.shapes

    @property
    def reads_source(self) -> bool:
        """Whether a source is read before anything is written."""
        return self.encoder is not None

    def draw_reader(self) -> Graph:
        """Give as a graph what is done once a source: ids and mask in, what steps need out."""
        graph = Graph()
        ids = graph.add_input("ids", "int64", ["N", "S"])
        mask = graph.add_input("mask", "bool", ["N", "S"])
        counted = graph.add("Cast", mask, to=INT32)
        lengths = graph.add("ReduceSum", counted, graph.constant([1]), keepdims=0)  # [N]
        vectors = self.embedding.add_nodes(graph, ids, lengths)
        states = self.encoder.add_nodes(graph, vectors, lengths)
        seen, hidden = graph.constant(0.0), graph.constant(float("-inf"))
        bias = graph.add("Where", mask, seen, hidden)
        found = SourceInGraph(states, mask, bias, lengths)
        values: Named = self.decoder.add_source(graph, found)
        if self.copying is not None:
            values |= self.copying.add_source(graph, ids, states)
        for name, value in values.items():
            shape = [1 if each == "K" else each for each in self.shapes[name]]
            graph.add_output(value, name, shape, input_kind(name))
        return graph

    def draw_step(self) -> Graph:
        """Give a step as a graph: tokens, source and past in, logits and the new past out."""
        graph = Graph()
        tokens = graph.add_input("tokens", "int64", ["N", "K", "T"])
        shapes = self.shapes
        given = {
            name: graph.add_input(name, input_kind(name), shape) for name, shape in shapes.items()
        }
        table = self.embedding.table.weight
        vectors = graph.add("Gather", graph.constant(table), tokens)  # [N, K, T, E]
        step = self.decoder.add_step(graph, vectors, given)
        logits = graph.linear(step.output, table, self.bias)
        if self.copying is not None:
            logits = self.copying.add_step(graph, logits, step.output, given)
        graph.add_output(logits, "logits", ["N", "K", "T", len(table)])
        if step.attention is not None:
            graph.add_output(step.attention, "attention", ["N", "K", "T", "S"])
        for name, value in step.past.items():
            later = ["Q" if each == "P" else each for each in shapes[name]]
            graph.add_output(value, f"new.{name}", later)
        return graph


def build_writer(recipe: Recipe, vocabulary: int) -> WritingModel | PretrainedWriter:
    """Build the network of a recipe that writes: of our own parts, or a checkpoint's.

    vocabulary: rows of the tokenizer; a checkpoint has its own.
    """
    if not isinstance(recipe.encoder, PretrainedSettings):
        return build_writing_model(recipe, vocabulary)
    if isinstance(recipe.decoder, DrawSettings):
        return CausalWriter(recipe.encoder, recipe.decoder.context)
    assert isinstance(recipe.decoder, SearchSettings)
    return SourceWriter(recipe.encoder, recipe.decoder.max_tokens)


def build_writing_model(recipe: Recipe, vocabulary: int) -> WritingModel:
    """Build a network of our own that writes, with the first weights its seed gives.

    vocabulary: rows of the tokenizer.
    The global random state is left as it was.
    """
    assert isinstance(recipe.decoder, WriterSettings)
    encoder = find_part("encoder", ENCODERS, recipe.encoder.kind).network
    writer: Any = find_part("writer", WRITERS, recipe.decoder.form).network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.training.seed)
        first = build_embedding(recipe, vocabulary, None)
        if not isinstance(recipe.decoder, WritingSettings):
            return WritingModel(first, None, writer(recipe.decoder, 0, first.width), vocabulary)
        second: Any = encoder(recipe.encoder, first.width)
        last = writer(recipe.decoder, second.width, first.width)
        copying = None
        if recipe.decoder.copy:
            copying = Copying(second.width, first.width, recipe.decoder.hidden)
        return WritingModel(first, second, last, vocabulary, copying)
