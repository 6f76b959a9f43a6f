"""Token vectors that depend on the whole text, from a language model trained beforehand.

Shapes: B batch, T tokens, E width of the language model, L width learned beside, V vocabulary.
A mask is True at real tokens.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from textwright.networks.elmo import open_elmo
from textwright.networks.embeddings.characters import spell_words
from textwright.networks.embeddings.learned import LearnedEmbedding
from textwright.networks.embeddings.same_words import check_same_words
from textwright.networks.graph import Graph
from textwright.recipe.parts import ElmoEmbeddingSettings, LearnedSettings, TokenizerSettings
from textwright.text.tokenizer import Tokenizer

BLOCK = 1024  # words spelled at once


class ElmoEmbedding(nn.Module):
    """The layers of a language model of two directions, added up as the task learns to.

    With h_0 the word itself, twice, and h_j the states of layer j of both directions side by
    side, for every token::

        e = g (sum over j of s_j h_j),    s = softmax(w)

    where g and w are learned with the task, w_j = 0 and g = 1 at first. A row of numbers learned
    for each word stands before e, unless the recipe wants none. Source: Peters et al. 2018,
    equation 1 and section 3.3, where those rows are trained beforehand.

    A recipe's vocabulary is fixed, so each of its words is spelled once, before the training:
    what stays is a table, which holds words, too, that the language model never met. All this
    keeps the weights it came with unless the recipe says ``trainable``; then the table learns,
    not the spelling.
    """

    def __init__(self, settings: ElmoEmbeddingSettings, vocabulary: int) -> None:
        super().__init__()
        model = open_elmo(Path(settings.file))
        self.beside = LearnedEmbedding(settings_beside(settings), vocabulary)
        self.width = settings.beside + 2 * model.settings.hidden
        self.trainable = settings.trainable
        self.table = nn.Embedding(vocabulary, model.settings.hidden)
        self.readers = model.readers
        self.table.requires_grad_(settings.trainable)
        self.readers.requires_grad_(settings.trainable)
        self.weights = nn.Parameter(torch.zeros(model.settings.layers + 1))  # w
        self.scale = nn.Parameter(torch.ones(1))  # g
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Read the texts.

        ids:  [B, T] int64, each in 0..V-1.
        mask: [B, T] bool.
        Returns [B, T, L + 2E] float: L learned here, E read forwards, the last E backwards. What
        stands at padding means nothing.
        """
        mixed = [
            torch.stack(layers, dim=-1) @ self.shares()  # [B, T, E]
            for layers in self.readers(self.table(ids), mask)
        ]
        read = self.dropout(torch.cat(mixed, dim=-1))  # [B, T, 2E]
        return torch.cat([self.beside(ids, mask), read], dim=-1)

    def shares(self) -> Tensor:
        """Give what each layer is multiplied by: g s, [layers + 1] float."""
        return self.scale * self.weights.softmax(dim=0)

    def extra_repr(self) -> str:
        """Name what no inner part shows."""
        return f"trainable={self.trainable}"

    def add_nodes(self, graph: Graph, ids: str, lengths: str) -> str:
        """Add look-ups, LSTMs and sum to a graph; returns the name of [B, T, L + 2E].

        lengths: the name of [B] int32, the tokens of each text.
        """
        turned = graph.add("Transpose", ids, perm=[1, 0])  # [T, B]
        vectors = graph.add("Gather", graph.constant(self.table.weight), turned)  # [T, B, E]
        shares = [graph.constant(each) for each in self.shares().detach()]
        mixed = []
        for layers in self.readers.add_nodes(graph, vectors, lengths):
            parts = [graph.add("Mul", *each) for each in zip(layers, shares, strict=True)]
            mixed.append(graph.add("Sum", *parts))  # [T, B, E]
        read = graph.add("Transpose", graph.add("Concat", *mixed, axis=2), perm=[1, 0, 2])
        return graph.add("Concat", self.beside.add_nodes(graph, ids, lengths), read, axis=2)


def settings_beside(settings: ElmoEmbeddingSettings) -> LearnedSettings:
    """Give the settings of what is learned beside the language model."""
    return LearnedSettings(settings.beside, settings.dropout, settings.token_dropout)


def spell_vocabulary(
    embedding: ElmoEmbedding, settings: ElmoEmbeddingSettings, tokenizer: Tokenizer
) -> None:
    """Fill the table of a new embedding with the words of a recipe's vocabulary.

    Raises RecipeError when the recipe cuts texts into other words than the language model was
    trained on.
    """
    model = open_elmo(Path(settings.file))
    assert isinstance(tokenizer.settings, TokenizerSettings)
    check_same_words(tokenizer.settings, model.settings.corpus, settings.file)
    spelled = torch.from_numpy(spell_words(tokenizer.words, model.settings.max_word_bytes))
    with torch.no_grad():
        vectors = [model.spelling(each) for each in torch.split(spelled, BLOCK)]
        embedding.table.weight.copy_(torch.cat(vectors))
