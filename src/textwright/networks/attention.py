"""Additive attention: which tokens a text's vector, or the next word to write, is made of.

Shapes: B batch, T tokens, S source tokens, D width, W width of a writer's state, A attention
width; in graphs N sources, K rows of each. A mask is True at real tokens.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from textwright.networks.graph import Graph


class AdditiveAttention(nn.Module):
    """Weighs the states of a text by what each of them holds.

    With h_t the state of token t, as the code computes it::

        e_t = v . tanh(W h_t + b)
        a_t = exp(e_t) / (sum of exp(e_s) over the real tokens s)
        c   = sum of a_t h_t

    Source: Bahdanau, Cho and Bengio 2015, equations 5 and 6, and the alignment model of
    appendix A.1.2, e_ij = v . tanh(W s_(i-1) + U h_j). There a decoder asks with its state
    s_(i-1), once for every word it writes. Here nothing is written and nobody asks: the
    question is the same for every text, so W s becomes the learned bias b, and U is called W.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.projection = nn.Linear(width, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)  # v; a bias would not survive the softmax

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Give the weighted sum of the states, and the weights.

        states: [B, T, D] float.
        mask:   [B, T] bool, at least one True in every row.
        Returns [B, D] float and [B, T] float; a row's weights sum to 1 and are 0 at padding.
        """
        scores = self.score(torch.tanh(self.projection(states))).squeeze(-1)  # [B, T]
        weights = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1)
        vector = torch.bmm(weights[:, None, :], states).squeeze(1)  # [B, D]
        return vector, weights

    def add_nodes(self, graph: Graph, states: str, mask: str) -> tuple[str, str]:
        """Add the same computation to a graph; returns the names of vector and weights."""
        hidden = graph.add(
            "Tanh", graph.linear(states, self.projection.weight, self.projection.bias)
        )
        scores = graph.add("MatMul", hidden, graph.constant(self.score.weight[0]))  # [B, T]
        masked = graph.add("Where", mask, scores, graph.constant(float("-inf")))
        weights = graph.add("Softmax", masked, axis=-1)
        return weighted_sum(graph, weights, states), weights


class AskedAttention(nn.Module):
    """Weighs the states of a source anew for each token that is written.

    With s_i the state of the writer and h_j the state of source token j::

        e_ij = v . tanh(W s_i + U h_j)
        a_ij = exp(e_ij) / (sum of exp(e_ik) over the real tokens k)
        c_i  = sum of a_ij h_j

    Source: Bahdanau, Cho and Bengio 2015, equations 5 and 6 and appendix A.1.2. The keys U h_j
    do not depend on what is written, so they are computed once a source. Where attention is told
    as three steps that score the states, average over the history and read the mean, the middle
    one is another thing: nothing here is averaged over the tokens written before. The weights of
    a token come from the softmax of its own scores alone, and what was written before counts
    only through the state that asks.
    """

    def __init__(self, source: int, width: int, hidden: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, hidden, bias=False)  # W
        self.key = nn.Linear(source, hidden)  # U, and the bias of the sum
        self.score = nn.Linear(hidden, 1, bias=False)  # v

    def forward(self, asking: Tensor, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Give what each state of the writer is shown of its source, and the weights.

        asking: [B, T, W] float.
        states: [B, S, D] float; mask: [B, S] bool, at least one True in every row.
        Returns [B, T, D] float and [B, T, S] float; weights are 0 at padding.
        """
        keys, queries = self.key(states)[:, None], self.query(asking)[:, :, None]
        scores = self.score(torch.tanh(keys + queries)).squeeze(-1)  # [B, T, S]
        weights = scores.masked_fill(~mask[:, None], float("-inf")).softmax(dim=-1)
        return torch.bmm(weights, states), weights

    def add_keys(self, graph: Graph, states: str) -> str:
        """Add to a graph what is computed once a source: the name of [N, S, A]."""
        return graph.linear(states, self.key.weight, self.key.bias)

    def add_nodes(self, graph: Graph, asking: str, source: Mapping[str, str]) -> tuple[str, str]:
        """Add the same to a graph; returns the names of [N, K, T, D] and of the weights.

        asking: the name of [N, K, T, W].
        source: the names of ``keys`` [N, S, A], ``states`` [N, S, D], ``bias`` [N, S], which is
                minus infinity at padding and 0 elsewhere.
        """
        ahead = graph.constant([1, 2])
        queries = graph.add(
            "Unsqueeze", graph.linear(asking, self.query.weight), graph.constant([3])
        )  # [N, K, T, 1, A]
        sums = graph.add("Add", queries, graph.add("Unsqueeze", source["keys"], ahead))
        scores = graph.add("MatMul", graph.add("Tanh", sums), graph.constant(self.score.weight[0]))
        bias = graph.add("Unsqueeze", source["bias"], ahead)  # [N, 1, 1, S]
        weights = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)  # [N, K, T, S]
        states = graph.add("Unsqueeze", source["states"], graph.constant([1]))  # [N, 1, S, D]
        return graph.add("MatMul", weights, states), weights


def weighted_sum(graph: Graph, weights: str, states: str) -> str:
    """Add to a graph the sum of states [B, T, D] by weights [B, T]: the name of [B, D]."""
    row = graph.constant([1])
    product = graph.add("MatMul", graph.add("Unsqueeze", weights, row), states)  # [B, 1, D]
    return graph.add("Squeeze", product, row)
