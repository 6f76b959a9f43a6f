"""What the networks that write tell a graph: a source read once, then steps of tokens.

A step takes ``tokens`` [N, K, T]: of N sources K rows each, T tokens that are new. What a source
is to all its rows has names with ``source.``, what each row has written so far ``past.``; a past
before the first token is zeros, or empty, unless the source gives it.

A past that grows has an axis P. Texts of different lengths go on together when the shorter ones
are filled up at its left: ``source.pads`` [N] says by how many places.
"""

from dataclasses import dataclass

FIRST_OUTPUT = 0.1  # share kept of the first weights of the output: at first all tokens are alike
PADS, TOKENS = "source.pads", "source.tokens"  # inputs that hold whole numbers
Named = dict[str, str]  # what a value is, and its name in a graph
Shapes = dict[str, list[str | int]]


@dataclass(frozen=True)
class SourceInGraph:
    """What a writer finds of a source in a graph, by name.

    states:  [N, S, D] float.
    mask:    [N, S] bool, True at real tokens; bias: float, 0 there and minus infinity elsewhere.
    lengths: [N] int32, real tokens of each text.
    """

    states: str
    mask: str
    bias: str
    lengths: str


@dataclass(frozen=True)
class StepInGraph:
    """What a step gives, by name.

    output:    [N, K, T, E] float, from which the next token is told.
    past:      what the rows have written after it, by the names under which a step takes them.
    attention: [N, K, T, S] float; None without.
    """

    output: str
    past: Named
    attention: str | None = None


def input_kind(name: str) -> str:
    """Give the type of what a step takes besides the tokens that are new."""
    return "int64" if name in (PADS, TOKENS) else "float32"
