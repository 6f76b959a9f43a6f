"""The embedding of word vectors: a table that was there before the task."""

import numpy as np
import pytest
import torch

from tests.networks.padded import VOCABULARY, padded_ids, run_graph
from textwright.networks.embeddings.vectors import VectorsEmbedding
from textwright.networks.graph import Graph
from textwright.recipe.parts import VectorsEmbeddingSettings

E = 4
ROWS = np.random.default_rng(2).standard_normal((VOCABULARY, E)).astype(np.float32)
ROWS[0] = 0


def embedding(*, trainable: bool = False) -> VectorsEmbedding:
    return VectorsEmbedding(VectorsEmbeddingSettings(trainable=trainable, dropout=0.0), ROWS)


def test_a_token_is_its_row_and_padding_is_zeros() -> None:
    ids, mask = padded_ids()

    found = embedding()(ids, mask)

    np.testing.assert_array_equal(found.numpy(), ROWS[ids.numpy()])
    assert not found[~mask].any()
    assert embedding().width == E


@pytest.mark.parametrize("trainable", [True, False])
def test_the_vectors_change_only_where_the_recipe_says_so(trainable: bool) -> None:
    network = embedding(trainable=trainable)
    ids, mask = padded_ids()

    assert [each.requires_grad for each in network.parameters()] == [trainable]
    if trainable:
        network(ids, mask).square().sum().backward()
        gradient = network.table.weight.grad
        assert gradient is not None
        assert not gradient[0].any()
        assert gradient.any()


def test_the_rows_given_are_copied() -> None:
    network, before = embedding(trainable=True), ROWS.copy()
    with torch.no_grad():
        network.table.weight.fill_(1.0)

    np.testing.assert_array_equal(before, ROWS)


def test_the_graph_gives_the_same_vectors() -> None:
    ids, mask = padded_ids()
    graph = Graph()
    given = graph.add_input("ids", "int64", ["B", "T"])
    graph.add_output(embedding().add_nodes(graph, given, ""), "vectors", ["B", "T", E])

    (found,) = run_graph(graph, {"ids": ids})

    np.testing.assert_array_equal(found, embedding()(ids, mask).numpy())
