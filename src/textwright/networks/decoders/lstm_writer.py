"""Write a text with LSTMs that look at a source, or (without one) only at what they wrote.

Shapes: B batch, T tokens written, S source tokens, D width of the source's states, E embedding,
W width of the writer's states; in graphs N sources, K rows of each. A mask is True at real tokens.
"""

from typing import Any

import torch
from torch import Tensor, nn

from textwright.networks.attention import AskedAttention, weighted_sum
from textwright.networks.decoders.writing import (
    FIRST_OUTPUT,
    Named,
    Shapes,
    SourceInGraph,
    StepInGraph,
)
from textwright.networks.encoders.bilstm import new_lstm, onnx_weights
from textwright.networks.graph import FLOAT, Graph
from textwright.recipe.writing import WriterSettings


class LSTMWriter(nn.Module):
    """Stacked LSTMs, of which the lowest asks an additive attention.

    With y the vectors of the tokens written, s^n the states of layer n, and c what is shown::

        s^1_i = LSTM(s^1_(i-1), y_(i-1))                c_i = attention(s^1_i)
        s^n_i = LSTM(s^n_(i-1), [s^(n-1)_i; c_i])       in every layer above
        o_i   = tanh(W [s_i; c_i])                      from which token i is told

    Source: Bahdanau, Cho and Bengio 2015 for the attention; Luong, Pham and Manning 2015,
    equation 5, for joining context and state; Wu et al. 2016, section 3.1, for a lowest layer
    that asks and others that are told what it was shown. Bahdanau's single layer asks with
    s_(i-1) and reads c_i itself, so that a text must be gone through token by token; here each
    layer learns from a whole text in one call, and the context still enters the recurrence.

    The first states are tanh(W h), with h the mean of the source's states (Sennrich et al. 2017,
    section 2; Bahdanau takes the backward state of the first token, which not every encoder
    has). Without a source they are 0, and there is no context.
    """

    def __init__(self, settings: WriterSettings, source: int, embedding: int) -> None:
        super().__init__()
        self.hidden, self.source = settings.hidden, source  # source: D, or 0 for none
        widths = [embedding] + [self.hidden + source] * (settings.layers - 1)
        self.layers = nn.ModuleList(new_lstm(each, self.hidden) for each in widths)
        self.attention: AskedAttention | None = None
        self.start: nn.Linear | None = None
        if source:
            self.attention = AskedAttention(source, self.hidden, self.hidden)
            self.start = nn.Linear(source, self.hidden * settings.layers)
        self.join = nn.Linear(self.hidden + source, embedding)
        with torch.no_grad():
            self.join.weight.mul_(FIRST_OUTPUT)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self, vectors: Tensor, states: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Give what each next token is told from, [B, T, E] float.

        vectors: [B, T, E] float, of the tokens before.
        states:  [B, S, D] float and mask: [B, S] bool, of the source; None without one.
        """
        starts = self.begin(states, mask)
        read, context = vectors, list[Tensor]()
        for number, lstm in enumerate(self.layers):
            if number:
                read = self.dropout(torch.cat([read, *context], dim=-1))
            read, _ = lstm(read, starts[number])  # [B, T, W]
            if not number and self.attention is not None:
                assert states is not None
                assert mask is not None
                context = [self.attention(read, states, mask)[0]]
        joined = self.join(self.dropout(torch.cat([read, *context], dim=-1)))
        return torch.tanh(joined)

    def begin(self, states: Tensor | None, mask: Tensor | None) -> list[Any]:
        """Give the first states of each layer, [1, B, W] twice; None: zeros."""
        if self.start is None:
            return [None] * len(self.layers)
        assert states is not None
        assert mask is not None
        shares = (mask / mask.sum(dim=1, keepdim=True)).to(states.dtype)  # [B, S]
        mean = torch.bmm(shares[:, None], states)  # [B, 1, D]
        first = torch.tanh(self.start(mean)).chunk(len(self.layers), dim=-1)
        turned = [each.transpose(0, 1).contiguous() for each in first]  # [1, B, W]
        return [(each, torch.zeros_like(each)) for each in turned]

    @property
    def shapes(self) -> Shapes:
        """The shapes of what a step takes besides its tokens, by name."""
        source: Shapes = {}
        if self.source:
            source["source.keys"] = ["N", "S", self.hidden]
            source["source.states"] = ["N", "S", self.source]
            source["source.bias"] = ["N", "S"]
        past = [
            f"past.{kind}{each}" for each in range(len(self.layers)) for kind in ("state", "cell")
        ]
        return source | {name: ["N", "K", self.hidden] for name in past}

    def add_source(self, graph: Graph, found: SourceInGraph) -> Named:
        """Add to a graph what a source is to the steps; returns names by those of ``shapes``."""
        assert self.attention is not None
        assert self.start is not None
        row = graph.constant([1])
        count = graph.add("Unsqueeze", graph.add("Cast", found.lengths, to=FLOAT), row)
        shares = graph.add("Div", graph.add("Cast", found.mask, to=FLOAT), count)  # [N, S]
        mean = graph.add("Unsqueeze", weighted_sum(graph, shares, found.states), row)  # [N, 1, D]
        first = graph.add("Tanh", graph.linear(mean, self.start.weight, self.start.bias))
        count_layers = len(self.layers)
        starts = graph.add_all(
            "Split", first, outputs=count_layers, num_outputs=count_layers, axis=-1
        )
        return {
            "source.keys": self.attention.add_keys(graph, found.states),
            "source.states": found.states,
            "source.bias": found.bias,
            **{f"past.state{number}": each for number, each in enumerate(starts)},
        }

    def add_step(self, graph: Graph, vectors: str, given: Named) -> StepInGraph:
        """Add a step to a graph.

        vectors: the name of [N, K, T, E].
        given:   names by those of ``shapes``.
        """
        past: Named = {}
        read, context, weights = vectors, list[str](), None
        for number in range(len(self.layers)):
            if number:
                read = join(graph, read, context)
            read = self.add_layer(graph, read, number, given, past)
            if not number and self.attention is not None:
                source = {name: given[f"source.{name}"] for name in ("keys", "states", "bias")}
                shown, weights = self.attention.add_nodes(graph, read, source)
                context = [shown]
        joined = graph.linear(join(graph, read, context), self.join.weight, self.join.bias)
        return StepInGraph(graph.add("Tanh", joined), past, weights)

    def add_layer(self, graph: Graph, entry: str, number: int, given: Named, past: Named) -> str:
        """Add a layer to a graph, its last states to ``past``; returns the name of [N, K, T, W]."""
        lstm: Any = self.layers[number]
        end, width = graph.constant([self.hidden]), graph.constant([lstm.input_size])
        rows = graph.add("Concat", graph.add("Shape", entry, end=2), end, axis=0)  # N, K, W
        outer = graph.add("Concat", graph.add("Shape", entry, end=3), end, axis=0)  # N, K, T, W
        tokens = graph.add("Shape", entry, start=2, end=3)
        flat = graph.add("Concat", graph.constant([-1]), tokens, width, axis=0)
        entry = graph.add("Transpose", graph.add("Reshape", entry, flat), perm=[1, 0, 2])
        row = graph.constant([1, -1, self.hidden])
        names = [f"past.{kind}{number}" for kind in ("state", "cell")]
        starts = [graph.add("Reshape", given[name], row) for name in names]
        weights = [graph.constant(each) for each in onnx_weights([lstm])]
        read, *ends = graph.add_all(
            "LSTM", entry, *weights, "", *starts, outputs=3, hidden_size=self.hidden
        )  # [T, 1, N * K, W], [1, N * K, W] twice
        for name, each in zip(names, ends, strict=True):
            past[name] = graph.add("Reshape", each, rows)
        return graph.add("Reshape", graph.add("Transpose", read, perm=[2, 0, 1, 3]), outer)


def join(graph: Graph, read: str, context: list[str]) -> str:
    """Add to a graph states and context side by side."""
    return graph.add("Concat", read, *context, axis=-1) if context else read
