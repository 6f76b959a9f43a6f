"""The learned embedding."""

import torch

from tests.networks.padded import VOCABULARY, padded_ids, run_graph
from textwright.networks.embeddings.learned import LearnedEmbedding
from textwright.networks.graph import Graph
from textwright.recipe.parts import LearnedSettings


def test_a_token_has_the_same_vector_wherever_it_stands() -> None:
    embedding = LearnedEmbedding(LearnedSettings(dimensions=4), VOCABULARY).eval()
    ids = torch.tensor([[5, 6, 5]])

    vectors = embedding(ids, ids > 0)

    assert vectors.shape == (1, 3, 4)
    assert torch.equal(vectors[0, 0], vectors[0, 2])
    assert not torch.equal(vectors[0, 0], vectors[0, 1])


def test_padding_is_zero_and_stays_so() -> None:
    embedding = LearnedEmbedding(LearnedSettings(dimensions=4), VOCABULARY)
    ids, mask = padded_ids()

    vectors = embedding(ids, mask)
    vectors.sum().backward()

    assert vectors[~mask].eq(0).all()
    assert embedding.table.weight.grad is not None
    assert embedding.table.weight.grad[0].eq(0).all()


def test_while_training_some_real_tokens_are_shown_as_unknown() -> None:
    settings = LearnedSettings(dimensions=4, dropout=0.0, token_dropout=0.5)
    embedding = LearnedEmbedding(settings, VOCABULARY)
    ids = torch.tensor([[7] * 400 + [0] * 100])
    torch.manual_seed(3)

    vectors = embedding(ids, ids > 0)[0]

    unknown = (vectors == embedding.table.weight[1]).all(dim=1)
    assert 150 < unknown.sum() < 250
    assert not unknown[400:].any()


def test_nothing_is_dropped_when_not_training() -> None:
    settings = LearnedSettings(dimensions=4, dropout=0.5, token_dropout=0.5)
    embedding = LearnedEmbedding(settings, VOCABULARY).eval()
    ids, mask = padded_ids()

    assert torch.equal(embedding(ids, mask), embedding.table.weight[ids])


def test_the_graph_looks_up_the_same_vectors() -> None:
    embedding = LearnedEmbedding(LearnedSettings(dimensions=4), VOCABULARY).eval()
    ids, mask = padded_ids()
    graph = Graph()
    vectors = embedding.add_nodes(graph, graph.add_input("ids", "int64", ["B", "T"]), "")
    graph.add_output(vectors, "vectors", ["B", "T", 4])

    (found,) = run_graph(graph, {"ids": ids})

    assert torch.equal(torch.from_numpy(found), embedding(ids, mask))
