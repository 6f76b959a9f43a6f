"""Held-out answers with their texts, one JSON object a line: evidence that can be erased."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from textwright.errors import DataError
from textwright.tasks.measures import find_measures
from textwright.text.examples import Dataset, Example
from textwright.text.labels import Labels
from textwright.training.evaluate import Evaluation

NAME = "answers.jsonl"  # of the file, in records/ARTIFACT


@dataclass(frozen=True)
class HeldOut:
    """One test row and what a model answered.

    digest: of the whole row, which names it without its text.
    labels: its true ones; empty: out of scope.
    answer: the label answered; several are joined by ``|``. Of a pair without labels its score.
    right:  None where no answer is right or wrong.
    text_b: the second text of a pair.
    costs:  of a text predicted: its nats, tokens, characters and unknown tokens.
    """

    digest: str
    text: str
    labels: tuple[str, ...]
    answer: str
    right: bool | None
    score: float
    abstained: bool
    slices: dict[str, str]
    text_b: str | None = None
    costs: tuple[float, ...] = ()

    @property
    def example(self) -> Example:
        """The row as it was read."""
        return Example(self.text, self.labels, self.slices, self.digest, self.text_b)


def write_answers(
    task: str, test: Dataset, measured: Evaluation, labels: Labels, path: Path
) -> int:
    """Write each test row of a task with its truth and answer; gives how many.

    The artifact holds no text; this file is kept where it can be erased.
    """
    with path.open("w", encoding="utf-8") as file:
        say = find_measures(task).say
        for example, scores in zip(test.examples, measured.scores, strict=True):
            said = say(scores, example, labels)
            row = HeldOut(
                digest=example.digest,
                text=example.text,
                labels=example.labels,
                answer=said.answer,
                right=said.right,
                score=said.score,
                abstained=said.abstained,
                slices=dict(example.slices),
                text_b=example.text_b,
                costs=said.costs,
            )
            file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
    return len(test.examples)


def read_answers(path: Path) -> list[HeldOut]:
    """Read the rows back, in their order; none where there is no file.

    Raises DataError when it is not one of ours.
    """
    if not path.is_file():
        return []
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [
            HeldOut(
                **{
                    **row,
                    "labels": tuple(row["labels"]),
                    "slices": dict(row.get("slices", {})),
                    "costs": tuple(row.get("costs", ())),
                }
            )
            for row in rows
        ]
    except (ValueError, TypeError, KeyError) as error:
        what = f"{path} is no file of held-out answers: {error}."
        raise DataError(what, "Train the version again.") from error
