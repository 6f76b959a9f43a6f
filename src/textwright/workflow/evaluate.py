"""Score a version on a file of labelled rows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from textwright.runtime.writing import WriteOptions
from textwright.settings import Settings
from textwright.text.readers import read_dataset
from textwright.training.evaluate import evaluate as score_examples
from textwright.workflow.opening import find_answerer


def evaluate(
    reference: str | Path,
    file: str | Path,
    *,
    beam: int | None = None,
    threads: int = 2,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Answer every row of a file and score the answers; nothing is recorded.

    reference: ``intents@3``, ``intents@production``, or the folder of an artifact.
    file:      labelled rows with the columns that the version's recipe names.
    beam:      of a model that writes, texts kept alive; None: as many as its recipe says.
    Returns the metrics of its task, with the data set's digest under ``data``.
    Raises DataError for a file that cannot be read, UsageError for a beam of what writes nothing.
    """
    answerer = find_answerer(reference, threads=threads, settings=settings)
    if beam is not None:
        answerer.write_by(WriteOptions(beam=beam))
    recipe = answerer.artifact.recipe
    data = replace(recipe.data, root=str(Path(file).parent))
    form = replace(recipe.form, loose=False)
    dataset = read_dataset(data, Path(file).name, keep_empty=True, form=form)
    found = score_examples(answerer, dataset.examples).metrics
    return found | {"data": {"rows": len(dataset.examples), "digest": dataset.digest}}
