"""Scaled dot-product attention in several heads, in torch and in a graph that goes step by step.

Shapes: B batch, T tokens that ask, S tokens looked at, W width, D width of what is looked at,
H heads; in graphs N sources, K rows of each. A mask is True at real tokens.
"""

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from textwright.networks.graph import Graph

AHEAD, ASIDE = [0, 1, 3, 2, 4], [0, 1, 3, 4, 2]  # heads before tokens; these last


class Heads(nn.Module):
    """Each head compares its part of the state with those of other tokens, and reads their mean.

    Source: Vaswani et al. 2017, section 3.2.
    """

    def __init__(self, width: int, source: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.part, self.share = heads, width // heads, dropout
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(source, width, bias=False)  # a bias would not survive the softmax
        self.value = nn.Linear(source, width)
        self.join = nn.Linear(width, width)

    def forward(self, asking: Tensor, states: Tensor, mask: Tensor | None) -> Tensor:
        """Give what each token is shown, [B, T, W] float.

        asking: [B, T, W] float. states: [B, S, D] float.
        mask:   [B, S] bool; None: each token is shown itself and those before it.
        """
        parts = (self.query(asking), self.key(states), self.value(states))
        query, key, value = (
            each.unflatten(-1, (self.heads, self.part)).transpose(1, 2) for each in parts
        )  # [B, H, T or S, W/H]
        found = scaled_dot_product_attention(
            query,
            key,
            value,
            None if mask is None else mask[:, None, None],
            dropout_p=self.share if self.training else 0.0,
            is_causal=mask is None,
        )
        shown: Tensor = self.join(found.transpose(1, 2).flatten(2))
        return shown

    def add_keys(self, graph: Graph, states: str) -> str:
        """Add to a graph the keys of [N, K, S, D]: the name of [N, K, H, W/H, S]."""
        return self.add_parts(graph, graph.linear(states, self.key.weight), ASIDE)

    def add_values(self, graph: Graph, states: str) -> str:
        """Add to a graph the values of [N, K, S, D]: the name of [N, K, H, S, W/H]."""
        return self.add_parts(
            graph, graph.linear(states, self.value.weight, self.value.bias), AHEAD
        )

    def add_parts(self, graph: Graph, states: str, order: list[int]) -> str:
        """Add to a graph the parts of each head in states [N, K, T, W]."""
        parts = graph.add("Reshape", states, graph.constant([0, 0, 0, self.heads, self.part]))
        return graph.add("Transpose", parts, perm=order)

    def add_nodes(
        self, graph: Graph, asking: str, keys: str, values: str, bias: str
    ) -> tuple[str, str]:
        """Add to a graph what each token is shown; the names of [N, K, T, W] and of the weights.

        asking: the name of [N, K, T, W].
        bias:   of what is added to the scores, fit to [N, K, H, T, S]; minus infinity hides.
        """
        query = graph.linear(asking, self.query.weight, self.query.bias)
        scaled = graph.add("Mul", query, graph.constant(self.part**-0.5))
        scores = graph.add("MatMul", self.add_parts(graph, scaled, AHEAD), keys)
        weights = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)
        found = graph.add("Transpose", graph.add("MatMul", weights, values), perm=AHEAD)
        joined = graph.add("Reshape", found, graph.constant([0, 0, 0, -1]))  # [N, K, T, W]
        return graph.linear(joined, self.join.weight, self.join.bias), weights
