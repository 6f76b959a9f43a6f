"""The parts a network is built from, by the name a recipe uses.

To add a part: write its file, then add its line here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from textwright.errors import unknown_name
from textwright.networks.decoders.classify import ClassifyDecoder
from textwright.networks.decoders.embed import EmbedDecoder
from textwright.networks.decoders.lstm_writer import LSTMWriter
from textwright.networks.decoders.match import MatchDecoder
from textwright.networks.decoders.transformer_writer import TransformerWriter
from textwright.networks.embeddings.elmo import ElmoEmbedding
from textwright.networks.embeddings.learned import LearnedEmbedding
from textwright.networks.embeddings.one_hot import OneHotEmbedding
from textwright.networks.embeddings.vectors import VectorsEmbedding
from textwright.networks.encoders.bilstm import BiLSTM
from textwright.networks.encoders.none import NoEncoder
from textwright.networks.encoders.pretrained import PretrainedEncoder
from textwright.networks.encoders.transformer import Transformer
from textwright.recipe.parts import (
    BiLSTMSettings,
    ClassifySettings,
    ElmoEmbeddingSettings,
    EmbedSettings,
    LearnedSettings,
    MatchSettings,
    NoEncoderSettings,
    OneHotSettings,
    PretrainedSettings,
    TransformerSettings,
    VectorsEmbeddingSettings,
)
from textwright.recipe.writing import WriterSettings


@dataclass(frozen=True)
class Part:
    """A network class, the settings it takes, and what it is good for."""

    network: type[nn.Module]
    settings: type
    purpose: str  # one line, shown in the docs


EMBEDDINGS: dict[str, Part] = {
    "learned": Part(LearnedEmbedding, LearnedSettings, "vectors learned with the task"),
    "one-hot": Part(OneHotEmbedding, OneHotSettings, "small vocabularies, nothing to learn"),
    "vectors": Part(VectorsEmbedding, VectorsEmbeddingSettings, "words met in much other text"),
    "elmo": Part(ElmoEmbedding, ElmoEmbeddingSettings, "little labelled text, much plain text"),
}

ENCODERS: dict[str, Part] = {
    "bilstm": Part(BiLSTM, BiLSTMSettings, "small data, fast on a CPU"),
    "transformer": Part(Transformer, TransformerSettings, "more data, trained from scratch"),
    "none": Part(NoEncoder, NoEncoderSettings, "word vectors that are good as they are"),
    "pretrained": Part(PretrainedEncoder, PretrainedSettings, "few labels, the best scores"),
}

DECODERS: dict[str, Part] = {
    "classify": Part(ClassifyDecoder, ClassifySettings, "one score a label for a whole text"),
    "match": Part(MatchDecoder, MatchSettings, "one score for two texts"),
    "embed": Part(EmbedDecoder, EmbedSettings, "one vector for a text"),
}

WRITERS: dict[str, Part] = {
    "lstm": Part(LSTMWriter, WriterSettings, "little text, quick on a CPU"),
    "transformer": Part(TransformerWriter, WriterSettings, "more text"),
}  # decoders of tasks that write, by their form


def find_part(kind: str, table: Mapping[str, Part], name: str) -> Part:
    """Look a part up by name; raises UnknownNameError with the nearest one."""
    if name not in table:
        raise unknown_name(kind, name, table)
    return table[name]
