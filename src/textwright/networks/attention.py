"""Additive attention: which tokens a text's vector is made of.

Shapes: B batch, T tokens, D width, A attention width. A mask is True at real tokens.
"""

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


def weighted_sum(graph: Graph, weights: str, states: str) -> str:
    """Add to a graph the sum of states [B, T, D] by weights [B, T]: the name of [B, D]."""
    row = graph.constant([1])
    product = graph.add("MatMul", graph.add("Unsqueeze", weights, row), states)  # [B, 1, D]
    return graph.add("Squeeze", product, row)
