"""One batch: which texts share it, and its way through the model; one bad text fails alone."""

import logging
from collections.abc import Sequence

from textwright.runtime.answer import Answerer, Outputs
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import Item, Outcome

SLACK_TOKENS = 32  # padding that costs less than another call would
SLACK_SHARE = 0.125  # of a batch's tokens: so much padding more
LOG = logging.getLogger(__name__)


def choose_batch(
    items: Sequence[Item], limits: BatchLimits, *, in_order: bool = False
) -> list[Item]:
    """Choose the first item and those nearest to it in length, within the budget.

    Little of it is padding, and a long text makes nobody slow: a network's time goes by padded
    tokens, whatever the number of texts (measured: a BiLSTM of 2x128, 32 connections; half of
    each batch padding instead gave three quarters of the answers a second).

    in_order: the oldest ones instead, whatever their length: time is running out.
    """
    if len(items) <= 1:
        return list(items)
    batch: list[Item] = []
    longest = real = 0
    first = items[0].tokens
    for item in items if in_order else sorted(items, key=lambda each: abs(each.tokens - first)):
        tokens = item.tokens
        widest = max(longest, tokens)
        padded = (len(batch) + 1) * widest
        wasteful = not in_order and padded > (1 + SLACK_SHARE) * (real + tokens) + SLACK_TOKENS
        if batch and (padded > limits.batch_tokens or wasteful):
            continue
        batch.append(item)
        longest, real = widest, real + tokens
        if len(batch) == limits.batch_items:
            break
    return batch


def encode_items(answerer: Answerer, items: Sequence[Item]) -> list[tuple[Item, Outcome]]:
    """Give items their tokens, all at once; gives those that fail, found one by one."""
    if not items:
        return []
    try:
        encodings = answerer.encode([item.text for item in items])
        for item, encoding in zip(items, encodings, strict=True):
            item.encoding = encoding
    except Exception as error:  # whatever one text breaks must not reach the others
        if len(items) == 1:
            LOG.exception("a text could not be encoded")
            return [(items[0], error)]
        return [failed for item in items for failed in encode_items(answerer, [item])]
    return []


def run_batch(answerer: Answerer, batch: Sequence[Item]) -> Outputs | Exception:
    """Run the session on a batch; an exception is given back, for the items to be tried alone."""
    try:
        return answerer.run([item.encoding for item in batch if item.encoding is not None])
    except Exception as error:  # whatever one text breaks must not reach the others
        return error


def finish_batch(
    answerer: Answerer, batch: Sequence[Item], outputs: Outputs | Exception
) -> list[tuple[Item, Outcome]]:
    """Turn a batch's outputs into answers; when that fails each item is tried alone."""
    try:
        if isinstance(outputs, Exception):
            raise outputs
        encodings = [item.encoding for item in batch if item.encoding is not None]
        return list(zip(batch, answerer.answers(encodings, outputs), strict=True))
    except Exception as error:  # as above
        if len(batch) == 1:
            LOG.exception("a text could not be answered")
            return [(batch[0], error)]
        alone = ([item] for item in batch)
        return [
            each for one in alone for each in finish_batch(answerer, one, run_batch(answerer, one))
        ]
