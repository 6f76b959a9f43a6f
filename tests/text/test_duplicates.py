"""Repeats and near-repeats, held against comparing every pair of plain sets."""

import random
import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textwright.text.duplicates import (
    BINS,
    Links,
    candidate_pairs,
    estimate_pairs,
    group_equal,
    group_near,
    jaccard,
    shingle_sets,
    sign_texts,
)

HAN = "[\u4e00-\u9fff]"
CHINESE = "我的银行卡在超市丢了请帮我挂失并补办一张新卡谢谢"
ENGLISH = "my bank card got lost in the supermarket please block it and send me a new one"


def plain_shingles(text: str) -> set[str]:
    """Give the shingles of a text of letters, digits and Chinese, read off their definition."""
    letters = " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
    letters = re.sub(f" (?={HAN})|(?<={HAN}) ", "", letters)
    found = set()
    for at, character in enumerate(letters):
        shingle = letters[at : at + (2 if re.match(HAN, character) else 5)]
        whole = len(shingle) == (2 if re.match(HAN, character) else 5)
        after_han = re.match(HAN, letters[at - 1]) and not re.match(HAN, character)
        if whole or at == 0 or after_han:
            found.add(shingle)
    return found


def similarity(one: str, other: str) -> float:
    sets = plain_shingles(one), plain_shingles(other)
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def changed_texts(count: int) -> list[str]:
    """Draw sentences, and copies of them with a few words changed."""
    chance = random.Random(7)
    words = [
        "".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 9))) for _ in range(400)
    ]
    texts = [" ".join(chance.choices(words, k=chance.randint(4, 30))) for _ in range(count)]
    for text in texts[: count // 2]:
        pieces = text.split()
        for _ in range(chance.randint(1, 3)):
            pieces[chance.randrange(len(pieces))] = chance.choice(words)
        texts.append(" ".join(pieces))
    return texts


def test_a_text_that_stands_there_again_is_grouped_blanks_around_it_aside() -> None:
    groups = group_equal(["a b", "c", " a b\n", "", " ", "A b", "c", "c"])

    assert [(each.places, each.similarity) for each in groups] == [
        ((0, 2), 1.0),
        ((1, 6, 7), 1.0),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ENGLISH, ENGLISH.upper() + "!!"),
        (ENGLISH, ENGLISH.replace("supermarket", "super-market")),
        (ENGLISH, ENGLISH.replace("a new one", "another one")),
        (CHINESE, CHINESE.replace("谢谢", "")),
        (CHINESE, CHINESE.replace("我的", "我的 ") + "。"),
        (CHINESE, CHINESE.replace("新卡", "新的卡")),
        ("ＯＫ", "ok."),
        ("好", "好！"),
    ],
)
def test_texts_nearly_the_same_are_grouped(one: str, other: str) -> None:
    groups = group_near(["where is my parcel", one, "天气怎么样", other], 0.7)

    assert [each.places for each in groups] == [(1, 3)]
    assert 0.7 <= groups[0].similarity <= 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [(ENGLISH, "my bank"), (CHINESE, CHINESE[:10]), ("!!", "!!!"), ("", ""), ("a", "b")],
)
def test_other_texts_are_not(one: str, other: str) -> None:
    assert group_near([one, other], 0.7) == []


def test_without_texts_there_is_nothing() -> None:
    assert group_near([], 0.8) == []
    assert group_near(["", "?"], 0.8) == []
    assert group_equal([]) == []


@settings(deadline=None, max_examples=200)
@given(
    one=st.text("abc de1?我的卡 ", min_size=1, max_size=24),
    other=st.text("abc de1?我的卡 ", min_size=1, max_size=24),
)
def test_the_similarity_is_that_of_plain_sets(one: str, other: str) -> None:
    one, other = f"{one}1", f"{other}1"  # so that each has a shingle

    assert jaccard(*shingle_sets([one, other])) == pytest.approx(similarity(one, other))


def test_chinese_is_compared_by_pairs_of_characters() -> None:
    one, other = "我的银行卡丢了", "我的信用卡丢了"  # of six pairs each, three are common

    assert similarity(one, other) == 3 / 9
    assert jaccard(*shingle_sets([one, other])) == 3 / 9


def test_the_estimate_is_close_to_the_similarity() -> None:
    texts = changed_texts(600)
    first, second = np.arange(300), np.arange(600, 900)  # each text and its changed copy
    signatures, filled = sign_texts(texts)

    estimates = estimate_pairs(signatures, first, second)
    exact = [
        jaccard(*shingle_sets([texts[a], texts[b]])) for a, b in zip(first, second, strict=True)
    ]

    assert filled.all()
    assert signatures.shape == (900, BINS)
    errors = estimates - np.array(exact)
    assert abs(float(errors.mean())) < 0.01
    assert float(np.abs(errors).mean()) < 0.05


def test_the_groups_are_those_of_comparing_every_pair() -> None:
    texts = changed_texts(300)
    sets = shingle_sets(texts)
    links = Links(len(texts))
    for one, other in combinations(range(len(texts)), 2):
        if (found := jaccard(sets[one], sets[other])) >= 0.7:
            links.join(one, other, found)

    groups = group_near(texts, 0.7)

    expected = {each.places for each in links.groups()}
    assert len(expected) > 50
    assert len({each.places for each in groups} ^ expected) <= 0.03 * len(expected)


def test_the_most_alike_come_first_and_a_chain_is_one_group() -> None:
    words = [f"word{number:04d}" for number in range(40)]
    chain = [" ".join(words[start : start + 30]) for start in range(0, 6, 2)]

    groups = group_near([*chain, ENGLISH, ENGLISH + "."], 0.8)

    assert [each.places for each in groups] == [(3, 4), (0, 1, 2)]
    assert groups[0].similarity == 1.0
    assert similarity(chain[0], chain[2]) < 0.8 < groups[1].similarity < 1.0


def test_of_a_bucket_each_text_is_paired_with_the_first_and_the_one_before() -> None:
    signatures, filled = sign_texts([ENGLISH] * 5)

    first, second, estimates = candidate_pairs(signatures, filled, 0.5)

    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == [
        *((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4)),
    ]
    assert estimates.tolist() == [1.0] * 7


@settings(deadline=None)
@given(links=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0.5, 1.0))))
def test_linked_texts_are_one_group_by_whatever_way(links: list[tuple[int, int, float]]) -> None:
    found, sets = Links(10), [{number} for number in range(10)]
    for one, other, similarity in links:
        found.join(one, other, similarity)
        merged = sets[one] | sets[other]
        for number in merged:
            sets[number] = merged

    expected = {tuple(sorted(each)) for each in sets if len(each) > 1}
    assert {group.places for group in found.groups()} == expected
    assert all(0.5 <= group.similarity <= 1.0 for group in found.groups())


def test_many_texts_alike_cost_pairs_in_proportion() -> None:
    texts = [f"{ENGLISH} {number % 7}" for number in range(4_000)]
    signatures, filled = sign_texts(texts)

    first, _, _ = candidate_pairs(signatures, filled, 0.5)

    assert len(first) < 30 * len(texts)  # every pair would be two thousand times the texts
    assert [len(each.places) for each in group_near(texts, 0.8)] == [4_000]


def test_letters_after_the_last_chinese_character_count() -> None:
    assert group_near(["英国股市升0.08%", "英国股市升0.53%"], 0.8) == []


def test_only_the_start_of_a_very_long_text_is_compared() -> None:
    long = "a word after another " * 2_000

    assert len(group_near([long + "one end", long + "quite a different end"], 1.0)) == 1
