"""Write ``docs/benchmarks.md`` from the committed results; measures nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rounds import ROOT, show

RESULTS = ROOT / "bench" / "results"
TITLES = {  # by the name of the file; those of example recipes make theirs of it
    "encoders": "Pretrained encoders: against sentence-transformers and transformers",
    "generation_speed": "Written text: SmolLM2 against transformers.generate and CTranslate2",
    "generation_texts": "Written text: SmolLM2's, token by token",
    "generation_perplexity": "Written text: SmolLM2's perplexity, as floats and as integers",
    "generation_decode": "Written text: translators against plain torch",
    "embedding": "Embedding a file of 100,000 texts, killed once",
    "classify": "Text classification: the n-gram linear model against its peers",
    "glove": "Word vectors: GloVe against plain numpy",
    "keras_network": "The article's network: against Keras and TensorFlow",
    "gates": "The paired gates, by simulation",
    "guards": "The guards of a rollout, by simulation",
    "registry": "The registry, on both databases",
    "start": "How quickly things start",
    "serving": "Serving: against platforms and plain FastAPI",
    "overload": "Serving under overload",
    "swaps": "Serving through promotions",
    "crowds": "Serving beside slow callers, rude ones, and without a database",
    "soak": "Serving for ten minutes",
    "tuning": "Tuning the BiLSTM of clinc150, killed once",
    "vectors": "Word vectors: against gensim and fastText",
    "vectors_chinese": "Chinese word vectors: against gensim",
    "vectors_classify": "Classification with word vectors: learned, vectors, ELMo",
}


def render() -> str:
    """Write the page: for every result its command, machine, versions and rows."""
    lines = [
        "# Benchmarks",
        "",
        "<!-- Written by `make bench` from bench/results: do not edit. -->",
    ]
    lines += [
        "",
        "Medians of three alternating rounds in one run, unless said otherwise; a ratio above 1",
        "means that ours is better. The machine is shared: the share of processor time that others",
        "stole is recorded, and ratios say more than seconds. Each command measures again.",
        "",
    ]
    for path in sorted(RESULTS.glob("*.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        if "rows" in report:
            lines += section(path.stem, report)
    return "\n".join(lines)


def section(name: str, report: dict[str, Any]) -> Iterator[str]:
    """Write one result."""
    machine = report.get("machine", {})
    scores = f"Scores of example recipes: {name.removeprefix('scores_').replace('_', ' ')}"
    yield f"## {TITLES.get(name, scores)}"
    yield ""
    command = report.get("command", f"python bench/{name}.py --json bench/results/{name}.json")
    yield f"`{command}`"
    yield ""
    processor = f"{machine.get('processor')}, {machine.get('cores')} cores"
    yield f"Commit {report.get('commit')}, {processor},"
    stolen = report.get("stolen_share")
    python = f"Python {report.get('python', machine.get('python'))}"
    yield f"{python}." if stolen is None else f"{python}; stolen processor time {stolen:.1%}."
    yield ""
    if "size" in report:
        yield f"Measured with {report['size']}."
        yield ""
    versions = report.get("versions")
    if versions:
        yield "Versions: " + ", ".join(f"{key} {value}" for key, value in versions.items()) + "."
        yield ""
    yield "| what | unit | ours | theirs | who | ratio |"
    yield "|---|---|---|---|---|---|"
    for row in report["rows"]:
        cells = (row["line"], row["unit"], row["ours"], row["peer"], row["peer_name"], row["ratio"])
        yield "| " + " | ".join(show(each) for each in cells) + " |"
    yield ""


if __name__ == "__main__":
    page = ROOT / "docs" / "benchmarks.md"
    page.write_text(render() + "\n", encoding="utf-8")
    print(f"wrote {Path(page).relative_to(ROOT)}")
