"""Texts longer than an encoder can read at once, read in windows, each by itself.

The windows of a text come as one row of tokens, each of all the tokens there is room for but the
last. What reads the states afterwards finds a row of them again, as of any text.

Shapes: B batch, T tokens, W windows of the longest text, F tokens of a window, D width. A mask is
True at real tokens, which stand before the padding.
"""

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import pad

from textwright.networks.graph import INT32, INT64, Graph


def read_windows(
    read: Callable[[Tensor, Tensor], Tensor], ids: Tensor, mask: Tensor, window: int
) -> Tensor:
    """Read texts of several windows.

    read: gives the states of texts that can be read at once, from their ids and mask.
    ids, mask: [B, T] int64 and bool. window: F.
    Returns [B, T, D] float.
    """
    texts, tokens = ids.shape
    more = -tokens % window
    windows = (pad(each, (0, more)).view(-1, window) for each in (ids, mask))  # [B * W, F]
    states = read(*windows)  # [B * W, F, D]
    return states.reshape(texts, tokens + more, -1)[:, :tokens]


def add_read_windows(
    graph: Graph, read: Callable[[str, str], str], ids: str, lengths: str, window: int
) -> str:
    """Add the same to a graph; returns the name of [B, T, D].

    Texts of up to a window are not padded to its size.
    read: adds what reads texts at once: from the names of ids and lengths to that of the states.
    ids, lengths: the names of [B, T] int64 and [B] int32.
    """
    one = graph.constant([1])
    texts = graph.add("Shape", ids, start=0, end=1)  # [1], B
    tokens = graph.add("Shape", ids, start=1, end=2)  # [1], T
    size = graph.add("Min", tokens, graph.constant([window]))  # [1], F
    before = graph.add("Sub", size, one)
    count = graph.add("Div", graph.add("Add", tokens, before), size)  # [1], W
    whole = graph.add("Mul", count, size)
    more = graph.add("Sub", whole, tokens)
    padded = graph.add("Pad", ids, graph.add("Concat", graph.constant([0, 0, 0]), more, axis=0))
    folded = graph.add("Reshape", padded, graph.add("Concat", graph.constant([-1]), size, axis=0))
    scalars = (graph.add("Squeeze", each) for each in (whole, size))
    starts = graph.add("Range", graph.constant(0), *scalars)  # [W]
    rest = graph.add("Unsqueeze", graph.add("Cast", lengths, to=INT64), one)  # [B, 1]
    rest = graph.add("Max", graph.add("Sub", rest, starts), one)  # [B, W]
    rest = graph.add("Reshape", graph.add("Min", rest, size), graph.constant([-1]))
    states = read(folded, graph.add("Cast", rest, to=INT32))  # [B * W, F, D]
    shape = graph.add("Concat", texts, whole, graph.constant([-1]), axis=0)
    states = graph.add("Reshape", states, shape)  # [B, W * F, D]
    return graph.add("Slice", states, graph.constant([0]), tokens, one)
