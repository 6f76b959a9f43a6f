"""A network put together from the parts of a recipe.

Shapes: B batch, T tokens, L labels. A mask is True at real tokens.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from textwright.errors import RecipeError
from textwright.networks.components import DECODERS, EMBEDDINGS, ENCODERS, find_part
from textwright.networks.decoders.pooling import StatesInGraph
from textwright.networks.embeddings.vectors import VectorsEmbedding
from textwright.networks.encoders.pretrained import TokenIds
from textwright.networks.graph import INT32, Graph
from textwright.recipe.parts import (
    ClassifySettings,
    EmbedSettings,
    MatchSettings,
    VectorsEmbeddingSettings,
)
from textwright.recipe.recipe import Recipe
from textwright.recipe.writing import DrawSettings, SearchSettings
from textwright.vectors.formats import Floats


class TextModel(nn.Module):
    """Embedding, encoder and decoder, one after the other.

    texts: of an input, read one by one: 2 for siamese pairs.
    typed: it is told which of two texts, read at once, each token belongs to.
    """

    def __init__(
        self, embedding: Any, encoder: Any, decoder: Any, *, texts: int = 1, typed: bool = False
    ) -> None:
        super().__init__()
        self.typed = typed
        self.rows = "B" if texts == 1 else f"{texts}B"  # of the graph's inputs
        self.embedding = embedding
        self.encoder = encoder
        self.decoder = decoder

    def forward(
        self, ids: Tensor, mask: Tensor, types: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Say of each text, or pair of texts, what the decoder gives.

        ids:   [B, T] int64, 0 at padding; of pairs whose texts are read apart, [2B, T], the two
               one after the other.
        mask:  likewise bool, real tokens before the padding, at least one in every row.
        types: [B, T] int64, 1 at the second text of pairs that are read at once; else None.
        Returns the outputs [B, L] float, such as logits, and the attention [B, T] float or None.
        """
        typed = {} if types is None else {"types": types}
        states = self.encoder(self.embedding(ids, mask), mask, **typed)  # [B, T, D]
        outputs, attention = self.decoder(states, mask)
        return outputs, attention

    def draw(self) -> Graph:
        """Give the same network as an ONNX graph: ids and mask in, outputs and attention out."""
        graph = Graph()
        ids = graph.add_input("ids", "int64", [self.rows, "T"])
        mask = graph.add_input("mask", "bool", [self.rows, "T"])
        counted = graph.add("Cast", mask, to=INT32)
        lengths = graph.add("ReduceSum", counted, graph.constant([1]), keepdims=0)  # [B]
        vectors = self.embedding.add_nodes(graph, ids, lengths)
        typed = {"types": graph.add_input("types", "int64", ["B", "T"])} if self.typed else {}
        states = self.encoder.add_nodes(graph, vectors, lengths, **typed)
        found = StatesInGraph(states, mask, lengths)
        outputs, attention = self.decoder.add_nodes(graph, found)
        graph.add_output(outputs, self.decoder.output_name, ["B", self.decoder.size])
        if attention is not None:
            graph.add_output(attention, "attention", ["B", "T"])
        return graph


def build_model(
    recipe: Recipe, vocabulary: int, labels: int, *, rows: Floats | None = None
) -> TextModel:
    """Build the network of a recipe, with the first weights its seed gives.

    vocabulary: rows of the tokenizer, [PAD] and [UNK] included.
    rows: first rows of an embedding of kind ``vectors``, [V, E]; only their shape matters where
          weights are loaded afterwards.
    The global random state is left as it was.
    Raises RecipeError if the recipe describes no network (encoder ``bag``).
    """
    if recipe.decoder is None or isinstance(recipe.decoder, SearchSettings | DrawSettings):
        what = f"The encoder {recipe.encoder.kind!r} is no network."
        raise RecipeError(what, "Choose another encoder to train one.")
    encoder = find_part("encoder", ENCODERS, recipe.encoder.kind).network
    decoder: Any = find_part("decoder", DECODERS, recipe.task).network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.training.seed)
        first = build_embedding(recipe, vocabulary, rows)
        second: Any = encoder(recipe.encoder, first.width)
        if recipe.tokenizer is not None and recipe.tokenizer.windows > 1:
            second.window = recipe.tokenizer.max_tokens
        settings = settle_decoder(recipe.decoder, second)
        last = decoder(settings, second.width, second.backward_width, labels)
        typed = recipe.reads_pairs and second.types > 1
        return TextModel(first, second, last, texts=recipe.texts_apart, typed=typed)


def build_embedding(recipe: Recipe, vocabulary: int, rows: Floats | None) -> Any:
    """Build what gives the encoder its input; nothing but the ids where that embeds by itself."""
    if recipe.embedding is None:
        return TokenIds()
    if isinstance(recipe.embedding, VectorsEmbeddingSettings):
        assert rows is not None
        return VectorsEmbedding(recipe.embedding, rows)
    embedding: Any = find_part("embedding", EMBEDDINGS, recipe.embedding.kind).network
    return embedding(recipe.embedding, vocabulary)


PooledSettings = ClassifySettings | MatchSettings | EmbedSettings


def settle_decoder(settings: PooledSettings, encoder: Any) -> PooledSettings:
    """Take what goes best with the encoder where the recipe leaves it open.

    Pairs that are read at once are judged by their first token.
    """
    if isinstance(settings, EmbedSettings) and settings.normalize == "auto":
        settings = replace(settings, normalize="yes" if getattr(encoder, "unit", True) else "no")
    if settings.pooling != "auto":
        return settings
    if isinstance(settings, MatchSettings) and settings.form == "cross":
        return replace(settings, pooling="first")
    return replace(settings, pooling=getattr(encoder, "pooling", "auto"))
