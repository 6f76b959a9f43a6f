"""Texts to train word vectors on, out of the shared data, with their words split by blanks."""

import gzip
import json
import lzma
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rounds import ROOT
from textwright.recipe.vectors import CorpusSettings
from textwright.vectors.spelling import make_speller

DATA = ROOT.parent / "shared" / "data"
LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
BETWEEN = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")  # blanks of text split beforehand

Files = Mapping[str, tuple[str, ...]]  # of the shared data: names in a folder

ENGLISH = {
    "wordvec_corpus_en": ("extra.txt.xz",),
    "imdb": ("train.jsonl.gz", "test.jsonl.gz"),
    "20newsgroups": ("train.jsonl.gz", "test.jsonl.gz"),
    "aeslc": ("train.jsonl.gz",),
    "scitldr": ("train.jsonl.gz", "validation.jsonl.gz", "test.jsonl.gz"),
    "ag_news": ("train_sample.jsonl.gz", "test.jsonl.gz"),
    "squad_v1.1": ("dev.json.gz",),
}
CHINESE = {  # the last three in traditional characters
    "chnsenticorp": ("train.jsonl.gz", "validation.jsonl.gz", "test.jsonl.gz"),
    "thucnews_titles": ("train.jsonl.gz", "validation.jsonl.gz", "test.jsonl.gz"),
    "waimai_10k": ("all.jsonl.gz",),
    "online_shopping_10_cats": ("all.jsonl.gz",),
    "fewclue_tnews": ("train.jsonl.gz", "validation.jsonl.gz", "test.jsonl.gz"),
    "fewclue_eprstmt": ("train.jsonl.gz", "validation.jsonl.gz", "test.jsonl.gz"),
    "fewclue_csldcp": ("train.jsonl.gz", "validation.jsonl.gz", "test.jsonl.gz"),
    "lcqmc": ("validation.jsonl.gz", "test.jsonl.gz"),
    "stsb_zh": ("train.jsonl.gz", "validation.jsonl.gz", "test.jsonl.gz"),
    "oppo_xiaobu": ("validation.jsonl.gz",),
    "pawsx_zh": ("validation.jsonl.gz", "test.jsonl.gz"),
    "csl_title": ("validation.jsonl.gz", "test.jsonl.gz"),
    "cmrc2018": ("train.json.gz", "dev.json.gz", "trial.json.gz"),
    "xquad": ("zh.json.gz",),
    "msra_ner": ("train.conll.gz", "test.conll.gz"),
    "resume_ner": ("train.conll.gz", "validation.conll.gz", "test.conll.gz"),
    "cws_sxu": ("train.txt.gz", "test.txt.gz"),
    "cws_sighan2005": ("test_pku.txt.gz", "test_msr.txt.gz"),
    "ud_chinese_gsdsimp": ("validation.conllu.gz", "test.conllu.gz"),
    "tatoeba_en_zh": ("train.zh.gz", "validation.zh.gz", "test.zh.gz"),
    "flores200_en_zh": ("dev.zh.gz",),
    "drcd": ("dev.json.gz", "test.json.gz"),
    "ud_chinese_gsd_v1": ("train.conllu.gz", "validation.conllu.gz", "test.conllu.gz"),
    "lm_tang_poems": ("train.txt.gz", "validation.txt.gz", "test.txt.gz"),
}


@dataclass(frozen=True)
class Text:
    """A file of words split by blanks, a document a line."""

    path: Path
    lines: int
    words: int


def write_english(path: Path, share: float = 1.0) -> Text:
    """Write the English texts in lower case, letters only.

    share: of the lines, evenly spread over the sources.
    """
    return write_lines(path, share, read_texts(ENGLISH), split_letters)


def write_chinese(path: Path, share: float = 1.0) -> Text:
    """Write all Chinese texts, cut as the tokenizer ``jieba`` of word vectors cuts them."""
    spell = make_speller(CorpusSettings(tokenizer="jieba"))
    return write_lines(path, share, read_texts(CHINESE), lambda line: spell(BETWEEN.sub("", line)))


def write_plain(path: Path, files: Files, share: float) -> Text:
    """Write texts as they are, but without the blanks between words split beforehand."""
    return write_lines(path, share, read_texts(files), lambda line: BETWEEN.sub("", line))


def split_letters(text: str) -> str:
    """Give the words of a text: runs of letters, in lower case."""
    return " ".join(LETTERS.findall(text.lower()))


def write_lines(path: Path, share: float, texts: Iterator[str], cut: Callable[[str], str]) -> Text:
    """Write a share of the texts, a line each; those without a word are left out."""
    lines = words = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, text in enumerate(texts):
            if int((number + 1) * share) == int(number * share):
                continue
            found = cut(text).split()
            if found:
                file.write(" ".join(found) + "\n")
                lines += 1
                words += len(found)
    return Text(path, lines, words)


def repeat(text: Text, path: Path, times: int) -> Text:
    """Write a text several times over."""
    whole = text.path.read_bytes()
    with path.open("wb") as file:
        for _ in range(times):
            file.write(whole)
    return Text(path, text.lines * times, text.words * times)


def read_texts(files: Files) -> Iterator[str]:
    """Yield every text of some files of the shared data, on one line each."""
    for folder, names in files.items():
        for name in names:
            path = DATA / folder / name
            reader = READERS[name.split(".", 1)[1].rsplit(".", 1)[0]]
            for text in reader(path):
                yield " ".join(text.split())


def read_plain(path: Path) -> Iterator[str]:
    """Yield the lines of a text file; a title before a tab is part of the line."""
    opened = lzma.open if path.suffix == ".xz" else gzip.open
    with opened(path, "rt", encoding="utf-8") as file:
        yield from file


def read_rows(path: Path) -> Iterator[str]:
    """Yield the texts of rows of JSON: both of a pair apart."""
    for line in read_plain(path):
        row = json.loads(line)
        for name in ("text", "text_a", "text_b"):
            if name in row:
                yield row[name]


def read_questions(path: Path) -> Iterator[str]:
    """Yield each passage with the questions on it."""
    for article in read_json(path)["data"]:
        for paragraph in article["paragraphs"]:
            yield "\n".join(
                [paragraph["context"], *(each["question"] for each in paragraph["qas"])]
            )


def read_json(path: Path) -> Any:
    """Read one JSON object."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def read_tagged(path: Path) -> Iterator[str]:
    """Yield the sentences of tokens in the first column, put together without blanks."""
    return join_column(path, 0)


def read_trees(path: Path) -> Iterator[str]:
    """Yield the sentences of a treebank, put together without blanks."""
    return join_column(path, 1)


def join_column(path: Path, column: int) -> Iterator[str]:
    """Yield the sentences of a file with a token a line and blank lines between sentences."""
    tokens: list[str] = []
    for line in (*read_plain(path), ""):
        fields = line.rstrip("\n").split("\t")
        if len(fields) > column and fields[column]:
            tokens.append(fields[column])
        elif tokens and not line.strip():
            yield "".join(tokens)
            tokens = []


READERS: dict[str, Callable[[Path], Iterator[str]]] = {
    "txt": read_plain,
    "jsonl": read_rows,
    "json": read_questions,
    "conll": read_tagged,
    "conllu": read_trees,
    "zh": read_plain,
}
