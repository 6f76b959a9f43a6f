"""Linear classifiers by dual coordinate descent, sixteen labels side by side.

Each label against the rest is a support vector machine with squared hinge loss; its dual is
solved one text at a time (Hsieh et al. 2008, algorithm 1, loss L2). All labels of a block visit
the texts in the same order, so their weights of a feature fill one cache line and one vector
register. Blocks share nothing: any number of threads gives the same weights.

Shapes: N texts, F features, L labels.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from textwright.vectors.weighing import Rows

Floats = NDArray[np.float32]

WIDTH = 16  # labels of a block: the float32 numbers in a cache line
STILL = np.float32(1e-2)  # a smaller step waits: half the time, and the same scores on dev sets
ONE, NOTHING = np.float32(1), np.float32(0)


def solve(
    rows: Rows, targets: Floats, orders: NDArray[np.int32], *, pull: float, threads: int
) -> tuple[Floats, Floats]:
    """Fit one classifier a label; gives weights [F, L] and bias [L].

    targets: [N, L] float, 1 where a label holds.
    orders:  [epochs, N] int32, the texts in the order of each pass.
    pull:    strength of the pull of weights towards zero; half of it is on the dual's diagonal.
    """
    half = np.float32(pull / 2)
    if targets.shape[1] == 1:
        signs = np.where(targets[:, 0] > 0, ONE, -ONE)
        weights, bias = solve_label(rows, signs, orders, half)
        return weights[:, None], np.array([bias], dtype=np.float32)
    blocks = [targets[:, at : at + WIDTH] for at in range(0, targets.shape[1], WIDTH)]
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda block: solve_block(rows, fill(block), orders, half), blocks))
    labels = targets.shape[1]
    weights = np.concatenate([weights for weights, _ in parts], axis=1)[:, :labels]
    return weights, np.concatenate([bias for _, bias in parts])[:labels]


def fill(targets: Floats) -> Floats:
    """Give a block's targets as signs, [N, WIDTH] float; missing labels hold nowhere."""
    signs = np.full((len(targets), WIDTH), -ONE, dtype=np.float32)
    signs[:, : targets.shape[1]][targets > 0] = ONE
    return signs


@njit(cache=True, nogil=True, fastmath=True)
def solve_label(
    rows: Rows, signs: Floats, orders: NDArray[np.int32], half: np.float32
) -> tuple[Floats, np.float32]:
    """Fit one label; gives weights [F] and bias, which is the weight of a feature of 1."""
    weights, duals = np.zeros(rows.features, np.float32), np.zeros(len(signs), np.float32)
    bias = NOTHING
    for epoch in range(len(orders)):
        for row in orders[epoch]:
            margin, curve = bias, ONE + half
            for each in range(rows.bounds[row], rows.bounds[row + 1]):
                value = rows.values[each]
                margin += value * weights[rows.columns[each]]
                curve += value * value
            slope = signs[row] * margin - ONE + half * duals[row]
            dual = max(duals[row] - slope / curve, NOTHING)
            step = (dual - duals[row]) * signs[row]
            if abs(step) > STILL:
                duals[row] = dual
                bias += step
                for each in range(rows.bounds[row], rows.bounds[row + 1]):
                    weights[rows.columns[each]] += step * rows.values[each]
    return weights, bias


@njit(cache=True, nogil=True, fastmath=True)
def solve_block(
    rows: Rows, signs: Floats, orders: NDArray[np.int32], half: np.float32
) -> tuple[Floats, Floats]:
    """Fit a block of labels, as ``solve_label`` does each; weights [F, WIDTH], bias [WIDTH]."""
    weights = np.zeros((rows.features, WIDTH), np.float32)
    duals, bias = np.zeros(signs.shape, np.float32), np.zeros(WIDTH, np.float32)
    margins, moves = np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    steps = np.empty(WIDTH, np.float32)
    for epoch in range(len(orders)):
        for row in orders[epoch]:
            curve = ONE + half + add_margins(rows, row, weights, bias, margins)
            largest = NOTHING
            for label in range(WIDTH):
                slope = signs[row, label] * margins[label] - ONE + half * duals[row, label]
                dual = max(duals[row, label] - slope / curve, NOTHING)
                moves[label] = dual - duals[row, label]
                largest = max(largest, abs(moves[label]))
            if largest <= STILL:
                continue
            for label in range(WIDTH):
                steps[label] = moves[label] * signs[row, label]
                duals[row, label] += moves[label]
                bias[label] += steps[label]
            for each in range(rows.bounds[row], rows.bounds[row + 1]):
                line, value = weights[rows.columns[each]], rows.values[each]
                for label in range(WIDTH):
                    line[label] += value * steps[label]
    return weights, bias


@njit(cache=True, nogil=True, fastmath=True)
def add_margins(rows: Rows, row: int, weights: Floats, bias: Floats, margins: Floats) -> np.float32:
    """Score a row for every label into ``margins`` [WIDTH]; returns its squared length."""
    columns, values = rows.columns, rows.values
    squares = NOTHING
    for label in range(WIDTH):
        margins[label] = bias[label]
    each, end = rows.bounds[row], rows.bounds[row + 1]
    while each + 4 <= end:  # four lines at once: their loads overlap
        a, b, c, d = values[each], values[each + 1], values[each + 2], values[each + 3]
        line_a, line_b = weights[columns[each]], weights[columns[each + 1]]
        line_c, line_d = weights[columns[each + 2]], weights[columns[each + 3]]
        squares += a * a + b * b + c * c + d * d
        for label in range(WIDTH):
            margins[label] += (
                a * line_a[label] + b * line_b[label] + c * line_c[label] + d * line_d[label]
            )
        each += 4
    for last in range(each, end):
        line, value = weights[columns[last]], values[last]
        squares += value * value
        for label in range(WIDTH):
            margins[label] += value * line[label]
    return squares


@njit(cache=True, nogil=True, fastmath=True)
def score_rows(rows: Rows, weights: Floats, bias: Floats) -> Floats:
    """Score rows with weights [F, K] and bias [K]; gives [N, K]."""
    scores = np.empty((len(rows.bounds) - 1, len(bias)), np.float32)
    for row in range(len(scores)):
        for label in range(len(bias)):
            scores[row, label] = bias[label]
        for each in range(rows.bounds[row], rows.bounds[row + 1]):
            line, value = weights[rows.columns[each]], rows.values[each]
            for label in range(len(bias)):
                scores[row, label] += value * line[label]
    return scores
