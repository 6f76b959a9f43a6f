"""The model card: what a version is, how good it is, and where not to trust it, in Markdown."""

from collections.abc import Iterable, Mapping
from typing import Any

from textwright.recipe.data import WRITING
from textwright.recipe.parts import AnyTokenizerSettings
from textwright.recipe.recipe import Recipe
from textwright.recipe.writing import DrawSettings

SHOWN = 10  # labels listed as the weakest
FIRST = (
    "accuracy",
    "spearman",
    "bleu",
    "rouge1",
    "perplexity",
)  # metrics that stand first, by the task


def write_card(recipe: Recipe, report: Mapping[str, Any]) -> str:
    """Write the card of a version from its recipe and its ``metrics.json``."""
    lines = [
        f"# {recipe.name}",
        "",
        f"Task: {recipe.task}. Encoder: {recipe.encoder.kind}. Seed: {recipe.training.seed}.",
        "",
        *data_lines(report["data"]),
        *built_on_lines(report),
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


def built_on_lines(report: Mapping[str, Any]) -> Iterable[str]:
    """Name what embedding or encoder build on, and how much of the text has a vector there."""
    for part in ("embedding", "encoder"):
        about = report.get(part, {})
        if not about:
            continue
        yield from (f"## {part.capitalize()}", "")
        if "digest" in about:
            yield f"- Builds on a file with the SHA-256 `{about['digest']}`."
        if "coverage" in about:
            words, tokens = about["coverage"]["vocabulary"], about["coverage"]["tokens"]
            shares = f"{words:.1%} of the words and {tokens:.1%} of the running tokens"
            yield f"- {shares} have a vector."
            if more := about["coverage"]["more"]:
                yield f"- {more:,} words that the training text lacks have one, too, and are read."
        if "note" in about:
            yield f"- {about['note']}"
        if "int8" in about:
            yield int8_line(about["int8"])
        yield ""


def int8_line(cost: Mapping[str, Any]) -> str:
    """Say what the exported network gained and lost as int8."""
    megabytes = f"{cost['int8_bytes'] / 1e6:.1f} MB, not {cost['fp32_bytes'] / 1e6:.1f}"
    lost = f"{cost['metric']} on dev {cost['int8']:.4f}, {cost['fp32']:.4f} in fp32"
    return f"- Exported as int8: {megabytes}; {lost}."


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
    for name, signature in test.get("signatures", {}).items():
        yield f"| {name.replace('_', ' ')}, counted by | `{signature.replace('|', ' ')}` | |"
    for baseline in baselines_of(report):
        for name in sorted(each for each in baseline if f"{each}_interval" in baseline):
            beside = baseline.get("name", "the n-gram linear model")
            yield f"| {name} of {beside} | {baseline[name]:.4f} | |"
    if "majority" in report:
        yield f"| accuracy of the commonest label | {report['majority']:.4f} | |"
    yield ""


def baselines_of(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the scores of what a model is held against, that with the first name first."""
    return [report[name] for name in ("baseline", "second_baseline") if name in report]


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
    """List accuracy by slice, or what else is its first metric."""
    for column, values in test.get("slices", {}).items():
        yield from (f"## By {column}", "", f"| {column} | metric | value | rows |")
        yield "|---|---|---|---|"
        for value, each in values.items():
            metric, score = slice_score(each)
            yield f"| {value} | {metric} | {score:.4f} | {each['rows']} |"
        yield ""


def slice_score(scores: Mapping[str, float]) -> tuple[str, float]:
    """Give the first metric of a slice, and its value."""
    return next((name, value) for name, value in scores.items() if name != "rows")


def limit_lines(recipe: Recipe, report: Mapping[str, Any]) -> Iterable[str]:
    """Say what the model cannot know."""
    yield from ("## Limits", "")
    yield from TASK_LIMITS[recipe.task](report)
    if report.get("leaked_rows"):
        metric, clean = find_clean(report)
        said = "" if clean is None else f"; without them its {metric} is {clean:.4f}"
        yield f"- {report['leaked_rows']:,} test rows also stand in the training file{said}."
    if isinstance(recipe.decoder, DrawSettings):
        most = recipe.decoder.context - recipe.decoder.max_tokens
        yield f"- It reads the last {most} tokens of a text that it writes on."
    elif recipe.tokenizer is not None:
        yield f"- It reads the first {tokens_read(recipe.tokenizer)} of a text."


def tokens_read(tokenizer: AnyTokenizerSettings) -> str:
    """Say how much of a text is read, and how, where that is more than can be read at once."""
    if tokenizer.windows == 1:
        return f"{tokenizer.max_tokens} tokens"
    return f"{tokenizer.windows} windows of {tokenizer.max_tokens} tokens, each by itself,"


def find_clean(report: Mapping[str, Any]) -> tuple[str, float | None]:
    """Name the first metric of rows that are in no training file, and its value if there is one."""
    clean = report["without_leaks"]
    metric = next((name for name in FIRST if name in clean), FIRST[0])
    return metric, clean.get(metric)


def classify_limits(report: Mapping[str, Any]) -> Iterable[str]:
    """Say what a classifier cannot know."""
    yield "- It knows only the labels of its training rows, and always names one of them."
    if report["threshold"] > 0:
        yield f"- Below a score of {report['threshold']:.3f} it abstains: do not act on the label."
    else:
        yield "- It never abstains: no threshold was asked for."


def match_limits(report: Mapping[str, Any]) -> Iterable[str]:
    """Say what a score of two texts cannot say."""
    yield "- Its scores lie on the scale of its training rows' labels, and mean what those meant."
    if report["threshold"] > 0:
        yield f"- From a score of {report['threshold']:.3f} on it gives the second label."


def embed_limits(_report: Mapping[str, Any]) -> Iterable[str]:
    """Say what vectors cannot say."""
    yield "- How near two of its vectors are says nothing by itself: compare it with other pairs."


def generate_limits(report: Mapping[str, Any]) -> Iterable[str]:
    """Say what a text that was written cannot say, and how much of it was learned by heart."""
    yield "- It writes what is likely, not what is true: names and numbers may be wrong."
    test = report.get("test", {})
    if "repetition" in test:
        told = f"- {test['repetition']:.1%} of its texts say the same four words twice; for each"
        yield f"{told} word of the reference it writes {test['length_ratio']:.2f}."
    if copied := report.get("copied"):
        told = f"{copied['share']:.1%} of its texts hold {copied['words']} words in a row or more"
        yield (
            f"- {told} of a training target that their source does not; the longest such span has "
            f"{copied['longest']} words."
        )


TASK_LIMITS = {
    "classify": classify_limits,
    "match": match_limits,
    "embed": embed_limits,
    **dict.fromkeys(WRITING, generate_limits),
}
