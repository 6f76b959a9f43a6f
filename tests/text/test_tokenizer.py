"""Tokenizers: the same tokens in every process, with their places in the text as given."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.errors import ArtifactError
from textwright.recipe.parts import TokenizerSettings, WritingTokenizerSettings
from textwright.text.tokenizer import END, Tokenizer, open_tokenizer, train_tokenizer

KINDS = ("words", "jieba", "characters", "bpe", "unigram")
TEXTS = [
    "Where is my card?",
    "where is my parcel",
    "我的卡丢了，怎么办",
    "naïve café ＡＢＣ 😀",
    "我的包裹在哪里",
] * 4


@pytest.fixture(scope="module", params=KINDS)
def trained(request: pytest.FixtureRequest) -> Tokenizer:
    return train_tokenizer(TEXTS, TokenizerSettings(kind=request.param, vocabulary=80))


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    found = tokenizer.encode([text], offsets=True)[0].offsets
    assert found is not None
    return [text[start:end] for start, end in found]


def test_a_saved_tokenizer_gives_the_same_ids(trained: Tokenizer, tmp_path: Path) -> None:
    trained.save(tmp_path / "tokenizer.json")

    opened = open_tokenizer(tmp_path / "tokenizer.json", trained.settings)

    for before, after in zip(trained.encode(TEXTS), opened.encode(TEXTS), strict=True):
        assert before.ids.tolist() == after.ids.tolist()
    assert opened.size == trained.size


def test_training_twice_gives_the_same_file(trained: Tokenizer, tmp_path: Path) -> None:
    assert isinstance(trained.settings, TokenizerSettings)
    again = train_tokenizer(TEXTS, trained.settings)
    trained.save(tmp_path / "first.json")
    again.save(tmp_path / "second.json")

    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


def test_ids_are_within_the_vocabulary_and_0_and_1_are_special(trained: Tokenizer) -> None:
    ids = np.concatenate([each.ids for each in trained.encode(TEXTS)])

    assert 0 not in ids
    assert ids.max() < trained.size
    assert trained.inner.token_to_id("[PAD]") == 0
    assert trained.inner.token_to_id("[UNK]") == 1


def test_an_empty_text_has_no_token(trained: Tokenizer) -> None:
    assert [len(each.ids) for each in trained.encode(["", "  \n"])] == [0, 0]


def test_a_long_text_is_cut_and_says_so(trained: Tokenizer) -> None:
    short = Tokenizer(trained.inner, TokenizerSettings(kind=trained.settings.kind, max_tokens=3))

    cut, whole = short.encode(["我的卡丢了，怎么办 where is my card " * 3_000, "卡"])

    assert (len(cut.ids), cut.truncated) == (3, True)
    assert (len(whole.ids) <= 3, whole.truncated) == (True, False)


def test_lone_surrogates_and_nul_are_read_as_something(trained: Tokenizer) -> None:
    assert len(trained.encode(["a\ud800b\x00c"])) == 1


@given(st.text(max_size=60))
def test_offsets_lie_within_the_text_in_order(text: str) -> None:
    tokenizer = train_tokenizer(["a b c 我 的"], TokenizerSettings())

    offsets = tokenizer.encode([text], offsets=True)[0].offsets

    assert offsets is not None
    assert (offsets[:, 0] <= offsets[:, 1]).all()
    assert (offsets >= 0).all()
    assert (offsets <= len(text)).all()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("words", ["我", "的", "卡", "丢", "了", "，", "where", "'", "s", "it"]),
        ("jieba", ["我", "的", "卡", "丢", "了", "，", "where", "'", "s", "it"]),
        ("characters", [*"我的卡丢了，", *"where's", *"it"]),
    ],
)
def test_words_and_characters_are_split_as_named(kind: str, expected: list[str]) -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerSettings(kind=kind))

    assert pieces(tokenizer, "我的卡丢了，where's it") == expected


def test_jieba_keeps_chinese_words_whole_and_reads_full_width_letters() -> None:
    tokenizer = train_tokenizer(["北京大学 hello"], TokenizerSettings(kind="jieba"))

    assert pieces(tokenizer, "在北京大学 ｈｅｌｌｏ") == ["在", "北京大学", "ｈｅｌｌｏ"]
    assert (
        tokenizer.encode(["ｈｅｌｌｏ"])[0].ids.tolist()
        == tokenizer.encode(["HELLO"])[0].ids.tolist()
    )


def test_subwords_are_smaller_than_words() -> None:
    texts = ["lower lowest newer newest wider widest"] * 5

    tokenizer = train_tokenizer(texts, TokenizerSettings(kind="bpe", vocabulary=30))

    assert len(tokenizer.encode(["lowest"])[0].ids) > 1


def test_case_and_width_are_folded_unless_asked_not_to() -> None:
    folded = train_tokenizer(["Card"], TokenizerSettings())
    kept = train_tokenizer(["Card"], TokenizerSettings(lowercase=False))

    assert folded.encode(["ＣＡＲＤ"])[0].ids.tolist() == [2]
    assert kept.encode(["card"])[0].ids.tolist() == [1]


def test_rare_and_surplus_words_become_unknown() -> None:
    texts = ["a a a b b c"]

    few = train_tokenizer(texts, TokenizerSettings(min_count=2))
    fewer = train_tokenizer(["a b c d e f g h i"], TokenizerSettings(vocabulary=8))

    assert few.encode(["a b c"])[0].ids.tolist() == [2, 3, 1]
    assert fewer.size == 8


def test_more_words_fill_the_vocabulary_up_in_their_order() -> None:
    tokenizer = train_tokenizer(
        ["a b b"], TokenizerSettings(vocabulary=8), ["c", "b", "[UNK]", "d", "e", "f", "g", "h"]
    )

    assert tokenizer.words == ["[PAD]", "[UNK]", "b", "a", "c", "d", "e", "f"]


@pytest.mark.parametrize(
    ("kind", "read"),
    [("words", ["ok", "电"]), ("jieba", ["ok", "电影", "电", "9.5"]), ("characters", ["电"])],
)
def test_more_words_that_no_text_has_as_they_are_written_are_passed_over(
    kind: str, read: list[str]
) -> None:
    more = ["ok", "OK", "don't", "电影", "two words", "电", "9.5", ""]

    tokenizer = train_tokenizer(["a"], TokenizerSettings(kind), more)

    assert tokenizer.words == ["[PAD]", "[UNK]", "a", *read]


def test_more_words_are_nothing_to_pieces_of_words() -> None:
    settings = TokenizerSettings("bpe", vocabulary=60)

    assert (
        train_tokenizer(TEXTS, settings, ["more"]).words == train_tokenizer(TEXTS, settings).words
    )


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")

    with pytest.raises(ArtifactError, match=r"tokenizer\.json cannot be read"):
        open_tokenizer(tmp_path / "tokenizer.json", TokenizerSettings())


@pytest.mark.parametrize("kind", ["words", "characters"])
@given(text=st.text(max_size=60))
def test_every_letter_of_a_text_lies_in_some_token(kind: str, text: str) -> None:
    tokenizer = train_tokenizer(["a b c"], TokenizerSettings(kind=kind))

    offsets = tokenizer.encode([text], offsets=True)[0].offsets

    assert offsets is not None
    covered = {place for start, end in offsets.tolist() for place in range(start, end)}
    missed = {text[place] for place in range(len(text)) if place not in covered}
    assert not [each for each in missed if each.isascii() and each.isalnum()]


@given(st.lists(st.text(max_size=20), max_size=5))
def test_a_text_has_the_same_tokens_alone_in_company_and_with_offsets(texts: list[str]) -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerSettings(max_tokens=4))

    together = tokenizer.encode(texts, offsets=True)

    for text, found in zip(texts, together, strict=True):
        (alone,) = tokenizer.encode([text])
        assert alone.ids.tolist() == found.ids.tolist()
        assert alone.truncated == found.truncated
        assert alone.offsets is None
        assert found.offsets is not None
        assert found.offsets.shape == (len(found.ids), 2)


@pytest.mark.parametrize(("words", "cut"), [(3, False), (4, True)])
def test_a_text_of_just_the_longest_length_is_not_cut(words: int, cut: bool) -> None:
    tokenizer = train_tokenizer(["a"], TokenizerSettings(max_tokens=3))

    (found,) = tokenizer.encode(["a " * words])

    assert (len(found.ids), found.truncated) == (3, cut)


@pytest.mark.parametrize(("characters", "cut"), [(300, False), (301, True)])
def test_what_lies_beyond_the_bound_on_work_is_said_to_be_cut(characters: int, cut: bool) -> None:
    tokenizer = train_tokenizer(["a"], TokenizerSettings(max_tokens=3))

    (found,) = tokenizer.encode([" " * characters])

    assert (len(found.ids), found.truncated) == (0, cut)


def test_ids_go_by_count_and_then_by_spelling() -> None:
    tokenizer = train_tokenizer(["b b c a d d d"], TokenizerSettings())

    assert tokenizer.encode(["d b a c"])[0].ids.tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize("kind", ["words", "jieba", "characters", "bpe", "unigram"])
def test_the_names_of_padding_and_unknown_in_a_text_are_no_special_tokens(kind: str) -> None:
    texts = ["[PAD] [UNK] x", "un[PAD]ded", "[PAD[UNK]]"] * 20
    tokenizer = train_tokenizer(texts, TokenizerSettings(kind=kind, lowercase=False))

    assert min(each.ids.min() for each in tokenizer.encode(texts)) > 1
    assert tokenizer.words[:2] == ["[PAD]", "[UNK]"]
    assert len(tokenizer.words) == tokenizer.size


WRITTEN = [
    "A dog, running (fast) – “yes”!",
    "Zwölf  Hunde\tbellen.",
    "全角，标点。ＡＢ",
    "[END] [PAD]",
]


@pytest.mark.parametrize("kind", ["bpe", "characters"])
def test_what_a_tokenizer_for_writing_reads_it_writes_again(kind: str) -> None:
    settings = WritingTokenizerSettings(kind=kind, vocabulary=200)
    tokenizer = train_tokenizer(WRITTEN * 3, settings)

    for text, encoding in zip(WRITTEN, tokenizer.encode(WRITTEN), strict=True):
        plain = text.replace("\t", " ") if kind == "characters" else " ".join(text.split())
        assert tokenizer.decode(encoding.ids.tolist()) == plain
        assert encoding.ids.min() > END


@pytest.mark.parametrize(("kind", "counted"), [("bpe", 9 + 12 + 1), ("characters", 17 + 411 + 1)])
def test_characters_that_no_token_tells_are_not_counted(kind: str, counted: int) -> None:
    settings = WritingTokenizerSettings(kind=kind, vocabulary=200)
    tokenizer = train_tokenizer(WRITTEN * 3, settings)
    text = "        return 1\nhello" + " " * 400 + "world\n"

    assert tokenizer.count_characters(text) == counted


@pytest.mark.parametrize("kind", ["bpe", "characters"])
def test_a_tokenizer_for_writing_has_an_end_and_is_read_back(kind: str, tmp_path: Path) -> None:
    settings = WritingTokenizerSettings(kind=kind, vocabulary=200)
    tokenizer = train_tokenizer(WRITTEN * 3, settings)
    tokenizer.save(tmp_path / "tokenizer.json")

    again = open_tokenizer(tmp_path / "tokenizer.json", settings)

    assert tokenizer.words[:3] == ["[PAD]", "[UNK]", "[END]"]
    for one, other in zip(tokenizer.encode(WRITTEN), again.encode(WRITTEN), strict=True):
        assert one.ids.tolist() == other.ids.tolist()
