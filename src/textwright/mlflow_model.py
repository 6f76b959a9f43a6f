"""Answer texts for ``mlflow.pyfunc.load_model``: imported by MLflow alone, which the folder names.

MLflow itself is not imported here, and nothing but the artifact's own files is trusted.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textwright.errors import ArtifactError, UsageError
from textwright.manifest import RESTORE, hash_file, read_manifest
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact


class AnsweringModel:
    """What MLflow calls: texts in, a list of answers as tables out."""

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> list[Any]:
        """Answer texts: a list, an array, a series, or the column ``text`` of a data frame.

        A data frame with one column only may call it anything. A model that matches takes a data
        frame with the columns ``text_a`` and ``text_b``. ``params`` is not used.
        """
        del params
        find = find_pairs if self.answerer.task.PAIRED else find_texts
        answers = self.answerer.predict(find(model_input, self.answerer))
        return [each.table() for each in answers]


def find_pairs(given: Any, answerer: Answerer) -> list[tuple[str, str]]:
    """Find the pairs in a data frame; raises UsageError where there are none."""
    data = answerer.artifact.recipe.data
    wanted = (data.text_a, data.text_b)
    if not all(each in getattr(given, "columns", ()) for each in wanted):
        what = "The input is no data frame with two columns of texts."
        raise UsageError(what, f"Call the columns {wanted[0]!r} and {wanted[1]!r}.")
    return list(zip(*(map(str, given[each]) for each in wanted), strict=True))


def find_texts(given: Any, answerer: Answerer) -> list[str]:
    """Find the texts in whatever MLflow hands on; raises UsageError where there are none."""
    if isinstance(given, str):
        return [given]
    columns = getattr(given, "columns", None)
    if columns is not None:
        wanted = answerer.artifact.recipe.data.text
        if len(columns) != 1 and wanted not in columns:
            what = f"The input has the columns {', '.join(map(str, columns))}."
            raise UsageError(what, f"Put the texts into a column {wanted!r}.")
        given = given[columns[0] if len(columns) == 1 else wanted]
    flat = given.ravel() if hasattr(given, "ravel") else given
    texts = list(flat) if isinstance(flat, Iterable) else [flat]
    if not all(isinstance(each, str) for each in texts):
        raise UsageError("The input holds something other than text.", "Give a list of strings.")
    return [str(each) for each in texts]


def _load_pyfunc(path: str) -> AnsweringModel:
    """Open an artifact's folder, as MLflow asks for it.

    Every file of the manifest is hashed; those that MLflow lays beside them are not looked at.
    """
    folder = Path(path)
    for each in read_manifest(folder).files:
        if hash_file(folder / each.name) != each.sha256:
            raise ArtifactError(f"{folder / each.name} was changed: its hash differs.", RESTORE)
    return AnsweringModel(Answerer(open_artifact(folder, verify=False)))
