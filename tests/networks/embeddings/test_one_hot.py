"""The one-hot embedding."""

import numpy as np
import torch

from tests.networks.padded import VOCABULARY, padded_ids, run_graph
from textwright.networks.embeddings.one_hot import OneHotEmbedding
from textwright.networks.graph import Graph
from textwright.recipe.parts import OneHotSettings


def test_each_token_is_a_vector_with_a_single_one() -> None:
    ids, mask = padded_ids()

    vectors = OneHotEmbedding(OneHotSettings(), VOCABULARY)(ids, mask)

    np.testing.assert_array_equal(vectors.numpy(), np.eye(VOCABULARY)[ids.numpy()])


def test_it_has_nothing_to_learn() -> None:
    assert list(OneHotEmbedding(OneHotSettings(), VOCABULARY).parameters()) == []


def test_the_graph_encodes_the_same() -> None:
    embedding = OneHotEmbedding(OneHotSettings(), VOCABULARY)
    ids, mask = padded_ids()
    graph = Graph()
    vectors = embedding.add_nodes(graph, graph.add_input("ids", "int64", ["B", "T"]), "")
    graph.add_output(vectors, "vectors", ["B", "T", VOCABULARY])

    (found,) = run_graph(graph, {"ids": ids})

    assert torch.equal(torch.from_numpy(found), embedding(ids, mask))
