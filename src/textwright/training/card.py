"""The model card: what a version is, how good it is, and where not to trust it, in Markdown."""

from collections.abc import Iterable, Mapping
from typing import Any

from textwright.recipe.recipe import Recipe

SHOWN = 10  # labels listed as the weakest


def write_card(recipe: Recipe, report: Mapping[str, Any]) -> str:
    """Write the card of a version from its recipe and its ``metrics.json``."""
    lines = [
        f"# {recipe.name}",
        "",
        f"Task: {recipe.task}. Encoder: {recipe.encoder.kind}. Seed: {recipe.training.seed}.",
        "",
        *data_lines(report["data"]),
        *embedding_lines(report.get("embedding", {})),
        *score_lines(report),
        *weakest_lines(report.get("test") or {}),
        *slice_lines(report.get("test") or {}),
        *limit_lines(recipe, report),
    ]
    return "\n".join(lines) + "\n"


def data_lines(data: Mapping[str, Any]) -> Iterable[str]:
    """List the data sets: rows, what was dropped, and the digest that names them."""
    yield from (
        "## Data",
        "",
        "| part | rows | dropped | SHA-256 of the rows |",
        "|---|---|---|---|",
    )
    for part, each in data.items():
        dropped = ", ".join(f"{count} {reason}" for reason, count in each["dropped"].items())
        yield f"| {part} | {each['rows']:,} | {dropped or '0'} | `{each['digest'][:16]}` |"
    yield ""


def embedding_lines(about: Mapping[str, Any]) -> Iterable[str]:
    """Name what the embedding builds on, and how much of the training text has a vector."""
    if not about:
        return
    yield from ("## Embedding", "")
    if "digest" in about:
        yield f"- Builds on a file with the SHA-256 `{about['digest']}`."
    if "coverage" in about:
        words, tokens = about["coverage"]["vocabulary"], about["coverage"]["tokens"]
        yield f"- {words:.1%} of the words and {tokens:.1%} of the running tokens have a vector."
    if "note" in about:
        yield f"- {about['note']}"
    yield ""


def score_lines(report: Mapping[str, Any]) -> Iterable[str]:
    """List the scores on the test set beside the baselines'."""
    yield from ("## Scores", "")
    test = report.get("test")
    if not test:
        yield from ("Unevaluated: there was no test set. It cannot be promoted.", "")
        return
    yield from ("| on the test set | value | 95 % interval |", "|---|---|---|")
    for name, value in test.items():
        if isinstance(value, float):
            low, high = test.get(f"{name}_interval", (None, None))
            interval = "" if low is None else f"{low:.4f} to {high:.4f}"
            yield f"| {name.replace('_', ' ')} | {value:.4f} | {interval} |"
    baseline = report.get("baseline", {}).get("accuracy")
    if baseline is not None:
        yield f"| accuracy of the n-gram linear model | {baseline:.4f} | |"
    yield f"| accuracy of the commonest label | {report['majority']:.4f} | |"
    yield ""


def weakest_lines(test: Mapping[str, Any]) -> Iterable[str]:
    """List the labels with the lowest F1."""
    labels = sorted(test.get("labels", {}).items(), key=lambda each: (each[1]["f1"], each[0]))
    if not labels:
        return
    yield from ("## Weakest labels", "", "| label | F1 | precision | recall | rows |")
    yield "|---|---|---|---|---|"
    for name, each in labels[:SHOWN]:
        scores = f"{each['f1']:.3f} | {each['precision']:.3f} | {each['recall']:.3f}"
        yield f"| {name} | {scores} | {each['rows']} |"
    yield ""


def slice_lines(test: Mapping[str, Any]) -> Iterable[str]:
    """List accuracy by slice."""
    for column, values in test.get("slices", {}).items():
        yield from (f"## By {column}", "", f"| {column} | accuracy | rows |", "|---|---|---|")
        for value, each in values.items():
            yield f"| {value} | {each['accuracy']:.4f} | {each['rows']} |"
        yield ""


def limit_lines(recipe: Recipe, report: Mapping[str, Any]) -> Iterable[str]:
    """Say what the model cannot know."""
    yield from ("## Limits", "")
    yield "- It knows only the labels of its training rows, and always names one of them."
    if report["threshold"] > 0:
        yield f"- Below a score of {report['threshold']:.3f} it abstains: do not act on the label."
    else:
        yield "- It never abstains: no threshold was asked for."
    if report.get("leaked_rows"):
        clean = report["without_leaks"].get("accuracy")
        said = "" if clean is None else f"; without them its accuracy is {clean:.4f}"
        yield f"- {report['leaked_rows']:,} test rows also stand in the training file{said}."
    if recipe.tokenizer is not None:
        yield f"- It reads the first {recipe.tokenizer.max_tokens} tokens of a text."
