"""A data set's digest: of its rows alone, in any order, each as often as it stands there."""

import hashlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from textwright.text.examples import Dataset, Example, make_dataset
from textwright.text.readers import digest_row

CELLS = st.none() | st.booleans() | st.integers() | st.text(max_size=6)
ROWS = st.lists(st.dictionaries(st.text(max_size=4), CELLS, max_size=3), max_size=5)


def dataset(rows: list[dict[str, Any]], source: str = "a.jsonl") -> Dataset:
    examples = [Example("text", ("x",), digest=digest_row(row)) for row in rows]
    return make_dataset(source, examples, ("text",), {})


@given(ROWS, st.randoms())
def test_order_and_file_name_do_not_count(rows: list[dict[str, Any]], chance: Any) -> None:
    turned = rows.copy()
    chance.shuffle(turned)

    assert dataset(turned, "other.csv").digest == dataset(rows).digest


@given(ROWS.filter(bool))
def test_a_row_more_or_less_or_twice_is_another_data_set(rows: list[dict[str, Any]]) -> None:
    digests = {dataset(each).digest for each in (rows, rows[1:], [*rows, rows[0]], [*rows, {}])}

    assert dataset(rows[1:]).digest != dataset(rows).digest
    assert dataset([*rows, rows[0]]).digest != dataset(rows).digest
    assert len(digests) >= 3


def test_the_digest_is_that_of_the_sorted_row_digests() -> None:
    first, second = sorted(digest_row({"text": each}) for each in "ab")

    expected = hashlib.sha256(bytes.fromhex(first) + bytes.fromhex(second)).hexdigest()

    assert dataset([{"text": "b"}, {"text": "a"}]).digest == expected


def test_a_row_is_named_by_its_canonical_json() -> None:
    row = {"text": "我", "label": 1}

    assert digest_row(row) == hashlib.sha256(b'{"label":1,"text":"\\u6211"}').hexdigest()
    assert digest_row(dict(reversed(row.items()))) == digest_row(row)


@given(
    st.dictionaries(st.text(max_size=4), CELLS, max_size=3),
    st.dictionaries(st.text(max_size=4), CELLS, max_size=3),
)
def test_two_rows_share_a_digest_only_when_they_are_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (digest_row(one) == digest_row(other)) == same


def test_what_was_dropped_is_a_copy() -> None:
    dropped = {"empty text": 1}

    made = make_dataset("a", [], ("text",), dropped)
    dropped["empty text"] = 2

    assert made.dropped == {"empty text": 1}
    assert made.digest == hashlib.sha256().hexdigest()
