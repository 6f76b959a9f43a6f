"""Numbers looked up in the evidence of a version, or the reason why there is none."""

import math
from collections.abc import Mapping
from difflib import get_close_matches
from numbers import Real
from typing import Any

Evidence = Mapping[str, object]  # content by kind; "scores" maps each metric to its value


def find_metric(metric: str, evidence: Evidence, part: str = "") -> float | str:
    """Value of a metric of the test set, or of a slice of it, or the reason why it has none."""
    scores = evidence.get("scores")
    if not isinstance(scores, Mapping) or not scores:
        return "Nothing was measured on a test set."
    if part:
        column, _, name = part.partition("=")
        scores = mapping_at(evidence, "report", "test", "slices", column, name)
        if scores is None:
            return f"The test set has no slice {part!r}."
    if metric not in scores:
        near = get_close_matches(metric, map(str, scores), n=1)
        tail = f"; did you mean {near[0]!r}?" if near else "."
        return f"The run has no metric {metric!r}{tail}"
    value = finite(scores[metric])
    return f"The metric {metric!r} is undefined on this test set." if value is None else value


def find_number(evidence: Evidence, *keys: str) -> float | str:
    """Give one number of the evidence, or the reason why there is none."""
    value = finite((mapping_at(evidence, *keys[:-1]) or {}).get(keys[-1]))
    return f"{' '.join(keys).replace('_', ' ')} was not measured." if value is None else value


def mapping_at(values: Mapping[str, Any], *keys: str) -> Mapping[str, Any] | None:
    """Give an inner table, or None where there is none."""
    for key in keys:
        found = values.get(key)
        if not isinstance(found, Mapping):
            return None
        values = found
    return values


def finite(value: object) -> float | None:
    """Give a number, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        return None
    return float(value)
