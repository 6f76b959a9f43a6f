"""Batches on which an exported network is held against the trained one."""

from dataclasses import replace
from typing import Any

import numpy as np

from textwright.recipe.recipe import Recipe
from textwright.text.batch import Batch, length_buckets, make_batch
from textwright.training.writing_rows import WritingRows, cut_text, pad_targets

SPECIAL = 2  # [PAD] and [UNK], which every vocabulary begins with
WORDS = 16  # of texts that are made up
BATCHES = 4  # spread over the lengths of the texts
TEXTS, TOKENS = 2, 32  # of the one batch on which a checkpoint that writes is checked


def spread_batches(rows: Any) -> list[Any]:
    """Take real batches from the shortest to the longest texts; none of no rows."""
    if not len(rows.targets):
        return []
    buckets = length_buckets(rows.longest.tolist(), 16)
    step = max(1, -(-len(buckets) // BATCHES))
    return [rows.batch(bucket) for bucket in (*buckets[::step], buckets[-1])]


def first_batch(rows: Any) -> list[Any]:
    """Take the beginnings of the first texts to be written; none of no rows.

    Each of their tokens has as many logits as a checkpoint's vocabulary has tokens.
    """
    if not len(rows.targets):
        return []
    batch = rows.batch(np.arange(min(TEXTS, len(rows.targets))))
    return [replace(batch, told=batch.told[:, :TOKENS])]


def known_batch(recipe: Recipe, tokenizer: Any) -> list[Any]:
    """Make a batch of tokens that are known, where there is no text to check on."""
    words = tokenizer.words[SPECIAL : SPECIAL + WORDS]
    if recipe.task == "language":
        ids = np.array([tokenizer.inner.token_to_id(each) for each in words], dtype=np.int64)
        return first_batch(cut_text(ids, WORDS // TEXTS, tokenizer.edges.start))
    texts = tokenizer.encode([" ".join(words[:each]) for each in range(len(words))])
    if recipe.writes:
        targets = pad_targets(texts[1:], tokenizer.edges.stops[0])
        return first_batch(WritingRows(texts[1:], targets, start=tokenizer.edges.first))
    batch = make_batch(texts)
    return [batch] if isinstance(batch, Batch) else []
