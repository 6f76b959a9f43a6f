"""Let a writer take its next token from the source.

Shapes: B batch, T tokens written, M written in all of a batch, S source tokens, D width of the
source's states, E embedding, W width asked by, V vocabulary; in graphs N sources, K rows of each.
A mask is True at real tokens.
"""

import torch
from torch import Tensor, nn

from textwright.networks.decoders.writing import TOKENS, Named, Shapes
from textwright.networks.graph import Graph

KEYS = "source.copy_keys"
LEAST = 1e-9  # probability that every token keeps, so that its logarithm is a number
FIRST_BIAS = 2.0  # of the gate: 12 % are copied at first, and the writer is left much to learn


class Copying(nn.Module):
    """Mixes the tokens of the source into what a writer tells.

    With o_i what token i is told from, p the softmax of its logits, and h_j the state of source
    token x_j::

        e_ij = (Q o_i) . (K h_j) / sqrt(W)
        a_ij = exp(e_ij) / (sum of exp(e_ik) over the real tokens k)
        g_i  = sigmoid(w . o_i + b)
        P(y) = g_i p(y) + (1 - g_i) (sum of a_ij over all x_j = y)

    Source: See, Liu and Manning 2017, equations 8 and 9. There a is the attention that gives the
    context, and g is asked of context, state and last token. Here o_i, which holds all three, asks
    for both (a as Vaswani et al. 2017, equation 1), so that every writer can copy. Source and
    target have one vocabulary of pieces of words: no word of the source lies outside it.
    Of g near one, 1 - g keeps few digits: it is computed as sigmoid(-(w . o_i + b)), and in graphs
    both by the softmax of w . o_i + b and 0, as the runtime's sigmoid is only as exact as a sum.
    Probabilities are computed in float32, whatever precision the network is trained in.
    """

    def __init__(self, source: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.query = nn.Linear(embedding, hidden, bias=False)  # Q
        self.key = nn.Linear(source, hidden, bias=False)  # K
        self.gate = nn.Linear(embedding, 1)  # w and b
        nn.init.constant_(self.gate.bias, FIRST_BIAS)
        self.scale = hidden**-0.5

    def forward(
        self, logits: Tensor, outputs: Tensor, real: Tensor, source: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        """Give the log-probability of each next token, [M, V] float.

        logits:  [M, V] float, of the writer, of real tokens alone.
        outputs: [B, T, E] float; real: [B, T] bool.
        source:  ids [B, S] int64, states [B, S, D] float and mask [B, S] bool.
        """
        ids, states, mask = source
        scores = torch.bmm(self.query(outputs), self.key(states).mT) * self.scale  # [B, T, S]
        weights = scores.float().masked_fill(~mask[:, None], float("-inf")).softmax(dim=-1)[real]
        tokens = ids[:, None].expand(-1, outputs.shape[1], -1)[real]  # [M, S]
        asked = self.gate(outputs[real]).float()  # [M, 1]
        probabilities: Tensor = asked.sigmoid() * logits.float().softmax(dim=-1)
        probabilities = probabilities.scatter_add(1, tokens, (-asked).sigmoid() * weights)
        return probabilities.clamp(min=LEAST).log()

    @property
    def shapes(self) -> Shapes:
        """The shapes of what a step takes for it, by name."""
        return {TOKENS: ["N", "S"], KEYS: ["N", self.key.out_features, "S"]}

    def add_source(self, graph: Graph, ids: str, states: str) -> Named:
        """Add to a graph what a source is to the steps; returns names by those of ``shapes``."""
        keys = graph.linear(states, self.key.weight)
        return {TOKENS: ids, KEYS: graph.add("Transpose", keys, perm=[0, 2, 1])}

    def add_step(self, graph: Graph, logits: str, output: str, given: Named) -> str:
        """Add the same to a graph: the name of [N, K, T, V].

        logits: the name of [N, K, T, V]; output: of [N, K, T, E].
        given:  names by those of ``shapes``, and of ``source.bias`` [N, S], which is minus
                infinity at padding and 0 elsewhere.
        """
        row, middle = graph.constant([1]), graph.constant([1, 2])
        keys = graph.add("Unsqueeze", given[KEYS], row)  # [N, 1, W, S]
        scores = graph.add("MatMul", graph.linear(output, self.query.weight), keys)
        scores = graph.add("Mul", scores, graph.constant(self.scale))  # [N, K, T, S]
        bias = graph.add("Unsqueeze", given["source.bias"], middle)
        weights = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)
        gate = [
            torch.cat([each, torch.zeros_like(each)]) for each in (self.gate.weight, self.gate.bias)
        ]
        shares = graph.add("Softmax", graph.linear(output, *gate), axis=-1)  # of g and of 1 - g
        generated, copying = graph.add_all("Split", shares, outputs=2, num_outputs=2, axis=-1)
        copied = graph.add("Mul", weights, copying)
        ids = graph.add("Unsqueeze", given[TOKENS], middle)
        tokens = graph.add("Expand", ids, graph.add("Shape", copied))  # [N, K, T, S]
        probabilities = graph.add("Mul", graph.add("Softmax", logits, axis=-1), generated)
        probabilities = graph.add(
            "ScatterElements", probabilities, tokens, copied, axis=3, reduction="add"
        )
        return graph.add("Log", graph.add("Max", probabilities, graph.constant(LEAST)))
