"""Two stacks of LSTMs: one reads a text forwards, the other one backwards, apart at every layer.

Shapes: B batch, T tokens, E width. A mask is True at real tokens.
"""

from typing import Any

from torch import Tensor, nn

from textwright.networks.encoders.bilstm import new_lstm, onnx_weights, take_rows, turned_rows
from textwright.networks.graph import Graph


class TwoReaders(nn.Module):
    """Language models of both directions, which never see each other.

    Unlike in a BiLSTM, a layer's input is the layer below of its own direction alone: else the
    word to be predicted would have been read already. From the second layer on a layer's input
    is added to its output. Source: Peters et al. 2018, sections 3.1 and 3.4; the equations of
    an LSTM stand at ``BiLSTM``.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.forwards = nn.ModuleList(new_lstm(width, width) for _ in range(layers))
        self.backwards = nn.ModuleList(new_lstm(width, width) for _ in range(layers))

    def forward(self, vectors: Tensor, mask: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Read the texts.

        vectors: [B, T, E] float, one for each word.
        mask:    [B, T] bool.
        Returns the states of each layer, [B, T, E] float, the vectors themselves first: read
        forwards, and read backwards. What stands at padding means nothing.
        """
        turn = turned_rows(mask)
        ahead = run_layers(self.forwards, vectors)
        back = run_layers(self.backwards, take_rows(vectors, turn))
        return ahead, [take_rows(each, turn) for each in back]

    def add_nodes(self, graph: Graph, vectors: str, lengths: str) -> tuple[list[str], list[str]]:
        """Add both stacks to a graph; names and order as ``forward`` returns the states.

        vectors: the name of [T, B, E]; the states have this order, too.
        lengths: the name of [B] int32, the tokens of each text.
        """
        stacks = (("forward", self.forwards), ("reverse", self.backwards))
        ahead, back = ([vectors], [vectors])
        for read, (direction, layers) in zip((ahead, back), stacks, strict=True):
            for number, lstm in enumerate(layers):
                weights = [graph.constant(each) for each in onnx_weights([lstm])]
                size: dict[str, Any] = {"direction": direction, "hidden_size": lstm.hidden_size}
                states = graph.add("LSTM", read[-1], *weights, lengths, **size)  # [T, 1, B, E]
                states = graph.add("Squeeze", states, graph.constant([1]))  # [T, B, E]
                read.append(graph.add("Add", states, read[-1]) if number else states)
        return ahead, back


def run_layers(layers: nn.ModuleList, vectors: Tensor) -> list[Tensor]:
    """Give [B, T, E] of each layer of one direction, its input first."""
    read = [vectors]
    for number, lstm in enumerate(layers):
        states, _ = lstm(read[-1])
        read.append(states + read[-1] if number else states)
    return read
