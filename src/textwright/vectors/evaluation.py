"""How good word vectors are: rank correlation with human judgement, and analogies solved.

Letter case does not count: of words that differ in nothing else only the first, which is the
commonest, takes part. Pairs and questions with a word that is not there are skipped and counted.
gensim does so too, save that it lets the others be answers.

Shapes: V words, D dimensions, P pairs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError, unknown_name
from textwright.metrics import spearman
from textwright.vectors.packed import open_packed
from textwright.vectors.similarity import Space, add_analogies, multiply_analogies

TOGETHER = 512  # questions solved at once

RULES = {"add": add_analogies, "multiply": multiply_analogies}


class Pair(NamedTuple):
    """Two words and how alike people found them, on any scale."""

    first: str
    second: str
    score: float


class Question(NamedTuple):
    """An analogy: a is to b as c is to d."""

    a: str
    b: str
    c: str
    d: str


@dataclass(frozen=True)
class PairScores:
    """Agreement with human judgement.

    spearman: rank correlation, -1 to 1; 0 when one side is constant.
    pairs:    how many were compared.
    skipped:  pairs left out, a word of theirs being unknown.
    """

    spearman: float
    pairs: int
    skipped: int


@dataclass(frozen=True)
class SectionScore:
    """The analogies of one section: right, of those asked; and those skipped for unknown words."""

    name: str
    right: int
    asked: int
    skipped: int

    @property
    def accuracy(self) -> float:
        """Share of the questions asked that were answered right; 0 if none was asked."""
        return self.right / max(1, self.asked)


@dataclass(frozen=True)
class AnalogyScores:
    """The analogies of a file, by section, in its order."""

    sections: tuple[SectionScore, ...]

    @property
    def total(self) -> SectionScore:
        """All sections together: the accuracy usually reported."""
        return SectionScore(
            "total",
            sum(each.right for each in self.sections),
            sum(each.asked for each in self.sections),
            sum(each.skipped for each in self.sections),
        )


def read_pairs(path: Path | str) -> list[Pair]:
    """Read pairs of words: two words and a score a line, by tabs, commas or blanks.

    A first line without a number is a header; blank lines and those that start with # are skipped.
    Raises DataError naming the line that is anything else.
    """
    pairs: list[Pair] = []
    for number, line in read_lines(Path(path)):
        mark = next((each for each in "\t," if each in line), None)
        fields = [each.strip() for each in line.split(mark)]
        try:
            pairs.append(Pair(fields[0], fields[1], float(fields[2])))
        except (ValueError, IndexError) as error:
            if number == 1:
                continue
            what = f"{path}, line {number} is {line!r}."
            raise DataError(what, "Write two words and a number a line, with tabs between.") from (
                error
            )
    return pairs


def read_analogies(path: Path | str) -> dict[str, list[Question]]:
    """Read questions of four words a line, in sections that lines such as ``: family`` open.

    Raises DataError naming a line of any other number of words.
    """
    sections: dict[str, list[Question]] = {}
    name = "questions"
    for number, line in read_lines(Path(path)):
        if line.startswith(":"):
            name = line.removeprefix(":").strip()
            sections.setdefault(name, [])
            continue
        words = line.split()
        if len(words) != len(Question._fields):
            what = f"{path}, line {number} has {len(words)} words: {line!r}."
            raise DataError(what, "A question has four; a line such as ': family' names a section.")
        sections.setdefault(name, []).append(Question(*words))
    return sections


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that say something, with their numbers."""
    with open_packed(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                what = f"{path}, line {number} is not UTF-8."
                raise DataError(what, "Convert the file to UTF-8.") from error
            if text and not text.startswith("#"):
                yield number, text


def fold_words(space: Space, words: Sequence[str], first: int) -> tuple[Space, dict[str, int]]:
    """Give the first of the words that differ only in case: their vectors, and the row of each.

    first: look at so many words only; 0 for all.
    """
    found: dict[str, int] = {}
    for row, word in enumerate(words[:first] if first else words):
        found.setdefault(word.casefold(), row)
    folded = space.only(np.fromiter(found.values(), dtype=np.int64, count=len(found)))
    return folded, {word: row for row, word in enumerate(found)}


def score_pairs(
    space: Space, words: Sequence[str], pairs: Iterable[Pair], *, first: int = 0
) -> PairScores:
    """Compare the cosines of pairs with human judgement.

    first: only the first words of the vectors count as known; 0 for all.
    Raises DataError when fewer than two pairs are known.
    """
    space, known = fold_words(space, words, first)
    pairs = list(pairs)
    asked = [
        (known[pair.first.casefold()], known[pair.second.casefold()], pair.score)
        for pair in pairs
        if pair.first.casefold() in known and pair.second.casefold() in known
    ]
    if len(asked) < 2:
        what = f"Of {len(pairs)} pairs of words the vectors know {len(asked)}."
        raise DataError(what, "Take a test in the language of the vectors, or train on more text.")
    left, right, judged = (np.array(each) for each in zip(*asked, strict=True))
    cosines = (space.unit_rows(left) * space.unit_rows(right)).sum(axis=1)
    return PairScores(spearman(cosines, judged), len(asked), len(pairs) - len(asked))


def score_analogies(
    space: Space,
    words: Sequence[str],
    sections: Mapping[str, Sequence[Question]],
    *,
    rule: str = "add",
    first: int = 0,
) -> AnalogyScores:
    """Solve the analogies of each section and count those answered right.

    rule:  add (3CosAdd) or multiply (3CosMul); the three words of a question are never its answer.
    first: answers are sought among the first words only, and only those are known; 0 for all.
    """
    if rule not in RULES:
        raise unknown_name("rule for analogies", rule, RULES)
    space, known = fold_words(space, words, first)
    scores = []
    for name, questions in sections.items():
        asked = [
            [known[word.casefold()] for word in question]
            for question in questions
            if all(word.casefold() in known for word in question)
        ]
        right = count_right(space, np.array(asked, dtype=np.int64).reshape(-1, 4), rule)
        scores.append(SectionScore(name, right, len(asked), len(questions) - len(asked)))
    return AnalogyScores(tuple(scores))


def count_right(space: Space, questions: NDArray[np.int64], rule: str) -> int:
    """Count the questions, as rows [any, 4], whose best answer is the fourth word."""
    right = 0
    for start in range(0, len(questions), TOGETHER):
        part = questions[start : start + TOGETHER]
        given, wanted = part[:, :3], part[:, 3]
        found = RULES[rule](space, space.matrix[given], 1, leave_out=given)
        right += int((found.rows[:, 0] == wanted).sum())
    return right
