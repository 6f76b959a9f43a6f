"""Texts into tokens, on Hugging Face's ``tokenizers``: one file, the same in every process.

Ids 0 and 1 are [PAD] and [UNK] in every tokenizer trained here, and 2 is [END] in those from whose
tokens texts are written: what is written begins and ends with it. One that came with a pretrained
encoder has ids of its own, and adds special tokens to every text, such as [CLS] and [SEP].
"""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers import Regex, models, normalizers, pre_tokenizers, trainers

from textwright.errors import ArtifactError, MissingExtraError
from textwright.recipe.parts import (
    AnyTokenizerSettings,
    PretrainedTokenizerSettings,
    TokenizerSettings,
    WritingTokenizerSettings,
)
from textwright.text.batch import Encoding
from textwright.text.edges import Edges

PADDING, UNKNOWN, ENDING = "[PAD]", "[UNK]", "[END]"
PADDING_ID, UNKNOWN_ID, END = 0, 1, 2
SPECIAL = Regex(r"\[(?=(PAD|UNK)\])")  # where a name of these begins
BLANK = "\u2581"  # what a word's first piece starts with
PLAIN_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
CHARACTERS_A_TOKEN = 100  # a text is first cut to this many times max_tokens: bounds the work


class Tokenizer:
    """Turns texts into token ids with their offsets.

    size:    ids run from 0 to size - 1.
    unknown: id of what it has no token for; -1: it has one for everything.
    added:   special tokens that it puts into every text, or window of one.
    windows: of ``max_tokens`` each, of which a text is read before it is cut.
    edges:   what texts that are written begin and end with.
    """

    edges = Edges(END, (END,), (PADDING_ID, UNKNOWN_ID))

    def __init__(self, inner: tokenizers.Tokenizer, settings: AnyTokenizerSettings) -> None:
        inner.encode_special_tokens = True  # [END] in a text is five plain characters
        self.inner = inner
        self.settings = settings
        self.windows = settings.windows
        self.size: int = inner.get_vocab_size()
        self.unknown: int = find_unknown(inner)
        self.added: int = inner.num_special_tokens_to_add(is_pair=False)

    @cached_property
    def words(self) -> list[str]:
        """The vocabulary by ids, [PAD] and [UNK] first."""
        ids: dict[str, int] = self.inner.get_vocab()
        return sorted(ids, key=ids.__getitem__)

    def encode(self, texts: Sequence[str], *, offsets: bool = False) -> list[Encoding]:
        """Encode texts, each cut to ``max_tokens``, or to so many windows, one after the other.

        offsets: also give each token's place, in code points of the text as given.
        A text without any token has empty ids; ``make_batch`` shows it as one [UNK].
        """
        longest = self.settings.max_tokens * self.windows * CHARACTERS_A_TOKEN
        cut = [clean_text(text[:longest]) for text in texts]
        if self.settings.kind == "jieba":
            encoded = self.encode_words(cut)
        else:
            encode = self.inner.encode_batch if offsets else self.inner.encode_batch_fast
            encoded = [self.join(each, offsets=offsets) for each in encode(cut)]
        return [
            self.cut(ids, places if offsets else None, was_cut=was_cut or len(text) > longest)
            for (ids, places, was_cut), text in zip(encoded, texts, strict=True)
        ]

    def encode_pairs(self, pairs: Sequence[tuple[str, ...]]) -> list[Encoding]:
        """Encode two texts as one, cut together to ``max_tokens``, the longer one first.

        For tokenizers that came with an encoder, which know how it wants to be given pairs.
        """
        longest = self.settings.max_tokens * CHARACTERS_A_TOKEN
        cut = [tuple(clean_text(text[:longest]) for text in pair) for pair in pairs]
        added = self.inner.num_special_tokens_to_add(is_pair=True)
        return [
            Encoding(
                np.asarray(each.ids, dtype=np.int64),
                truncated=bool(each.overflowing) or any(len(text) > longest for text in pair),
                unknown=self.unknown,
                added=added,
                second=each.type_ids.index(1) if 1 in each.type_ids else None,
            )
            for each, pair in zip(self.inner.encode_batch(cut), pairs, strict=True)
        ]

    def encode_words(self, texts: Sequence[str]) -> list[tuple[list[int], Any, bool]]:
        """Encode texts whose words a dictionary finds; ids and places of each, and False."""
        words = [cut_chinese(text) for text in texts]
        encoded = self.inner.encode_batch_fast(
            [[word for word, _, _ in each] for each in words], is_pretokenized=True
        )
        places = [[(start, end) for _, start, end in each] for each in words]
        return [(each.ids, place, False) for each, place in zip(encoded, places, strict=True)]

    def join(
        self, found: tokenizers.Encoding, *, offsets: bool
    ) -> tuple[list[int], list[tuple[int, int]], bool]:
        """Give the ids and places of a text's windows in a row, and whether there is more."""
        more = found.overflowing
        ids, places = found.ids, found.offsets if offsets else []
        for each in more[: self.windows - 1]:
            ids += each.ids
            places += each.offsets if offsets else []
        return ids, places, len(more) >= self.windows

    def encode_end(self, text: str, most: int) -> Encoding:
        """Encode the last ``most`` tokens of a text that is to be written on."""
        ids = np.concatenate([[END], self.encode_lines(text)[:-1]])
        return Encoding(ids[-most:], truncated=len(ids) > most, added=1)

    def cut(self, ids: list[int], places: Any, *, was_cut: bool) -> Encoding:
        """Keep the tokens of a text that there is room for, and say whether there was more."""
        most = self.settings.max_tokens * self.windows
        kept = np.asarray(ids[:most], dtype=np.int64)
        offsets = None
        if places is not None:
            offsets = np.asarray(places[:most], dtype=np.int64).reshape(-1, 2)
        return Encoding(
            kept,
            offsets=offsets,
            truncated=was_cut or len(ids) > most,
            unknown=self.unknown,
            added=self.added * -(-max(len(kept), 1) // self.settings.max_tokens),
        )

    def decode(self, ids: Sequence[int]) -> str:
        """Write out tokens of a tokenizer that was made for it; [END] ends a line."""
        ends = [place for place, each in enumerate(ids) if each == END]
        edges = zip([0, *(each + 1 for each in ends)], [*ends, len(ids)], strict=True)
        return "\n".join(self.decode_line(ids[first:end]) for first, end in edges)

    def decode_line(self, ids: Sequence[int]) -> str:
        """Write out one line."""
        words = self.words
        text = "".join(words[each] for each in ids)
        return text if self.settings.kind == "characters" else text.replace(BLANK, " ").strip()

    def encode_whole(self, text: str) -> list[int]:
        """Encode a text of any length, without an end."""
        ids: list[int] = self.inner.encode_batch_fast([clean_text(text)])[0].ids
        return ids

    def encode_lines(self, text: str) -> NDArray[np.int64]:
        """Encode a text of any length, [END] behind each line."""
        lines = self.inner.encode_batch_fast(clean_text(text).split("\n"))
        return np.array([each for line in lines for each in (*line.ids, END)], dtype=np.int64)

    def count_characters(self, text: str) -> int:
        """Count what ``encode_lines`` reads, as the tokenizer makes it: each line with its end."""
        lines = clean_text(text).split("\n")
        return sum(len(self.inner.normalizer.normalize_str(line)) + 1 for line in lines)

    def encode_targets(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode texts that are to be written, without what ends them."""
        return self.encode(texts)

    def encode_closed(self, text: str) -> NDArray[np.int64]:
        """Encode a text of any length with all that closes it, to be learned from."""
        return self.encode_lines(text)

    def save(self, path: Path) -> None:
        """Write ``tokenizer.json``; equal tokenizers give equal bytes."""
        path.write_text(self.inner.to_str(pretty=False), encoding="utf-8")


def open_tokenizer(path: Path, settings: AnyTokenizerSettings) -> Tokenizer:
    """Read ``tokenizer.json``; raises ArtifactError when it is not one.

    One that came with a checkpoint never pads; where texts are cut, it cuts them before it adds
    its own special tokens.
    """
    try:
        inner = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ArtifactError(f"{path} cannot be read: {error}.", "Train the model again.") from error
    if not isinstance(settings, TokenizerSettings):
        inner.no_padding()
        inner.no_truncation()
    if isinstance(settings, PretrainedTokenizerSettings):
        inner.enable_truncation(settings.max_tokens, stride=settings.overlap)
    return Tokenizer(inner, settings)


def find_unknown(inner: tokenizers.Tokenizer) -> int:
    """Give the id of what a tokenizer has no token for; -1 when it names none."""
    names = (getattr(inner.model, "unk_token", None), UNKNOWN, "<unk>")
    ids = (inner.token_to_id(name) for name in names if name)
    return next((each for each in ids if each is not None), -1)


def train_tokenizer(
    texts: Sequence[str], settings: TokenizerSettings, more: Iterable[str] = ()
) -> Tokenizer:
    """Learn a vocabulary from the training texts.

    words, jieba, characters: the commonest tokens, ties by spelling. bpe: Sennrich et al. 2016.
    unigram: Kudo 2018. Ids go by count, so the same texts give the same file.

    more: words that fill the vocabulary up, in their order, where tokens are not pieces of words;
          those that the tokenizer would cut or change are passed over, for no text has them.
    """
    if settings.kind in ("bpe", "unigram"):
        return Tokenizer(train_subwords(texts, settings), settings)
    special = special_tokens(settings)
    inner = tokenizers.Tokenizer(models.WordLevel({PADDING: 0, UNKNOWN: 1}, unk_token=UNKNOWN))
    inner.normalizer = text_normalizer(settings)
    if settings.kind != "jieba":
        inner.pre_tokenizer = text_splitter(settings)
    counts: Counter[str] = Counter()
    for words in split_texts(inner, texts, settings.kind):
        counts.update(words)
    common = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    kept = [word for word, count in common if count >= settings.min_count]
    whole = (word for word in more if [word] in split_texts(inner, [word], settings.kind))
    names = dict.fromkeys([*special, *kept])
    while len(names) < settings.vocabulary and (word := next(whole, None)) is not None:
        names.setdefault(word)
    ids = {word: number for number, word in enumerate(islice(names, settings.vocabulary))}
    inner.model = models.WordLevel(ids, unk_token=UNKNOWN)
    return Tokenizer(inner, settings)


def special_tokens(settings: TokenizerSettings) -> list[str]:
    """Give the tokens that stand for no text, by their ids."""
    writes = isinstance(settings, WritingTokenizerSettings)
    return [PADDING, UNKNOWN, ENDING] if writes else [PADDING, UNKNOWN]


def split_texts(inner: Any, texts: Iterable[str], kind: str) -> Iterator[list[str]]:
    """Give each text's words as the tokenizer will look them up."""
    for text in map(clean_text, texts):
        if kind == "jieba":
            words = (inner.normalizer.normalize_str(word) for word, _, _ in cut_chinese(text))
            yield [word for word in words if word]
        else:
            normal = inner.normalizer.normalize_str(text)
            yield [word for word, _ in inner.pre_tokenizer.pre_tokenize_str(normal)]


def train_subwords(texts: Sequence[str], settings: TokenizerSettings) -> tokenizers.Tokenizer:
    """Learn pieces of words; a word's first piece starts with U+2581."""
    normalizer = text_normalizer(settings)
    normal = (normalizer.normalize_str(clean_text(text)) for text in texts)
    if settings.kind == "bpe":
        inner = tokenizers.Tokenizer(models.BPE(unk_token=UNKNOWN))
        inner.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.BpeTrainer(
            vocab_size=settings.vocabulary,
            min_frequency=max(2, settings.min_count),
            special_tokens=special_tokens(settings),
            show_progress=False,
        )
        inner.train_from_iterator(normal, trainer)
    else:
        inner = tokenizers.Tokenizer(learn_unigram(normal, settings.vocabulary))
        apart = pre_tokenizers.Split(SPECIAL, "isolated")  # [PAD] in a text is plain characters
        inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), apart])
    inner.normalizer = normalizer
    return inner


def learn_unigram(texts: Iterable[str], vocabulary: int) -> models.Unigram:
    """Learn a unigram model with SentencePiece, whose result is the same each time.

    The trainer in ``tokenizers`` breaks ties differently from run to run.
    """
    try:
        import sentencepiece
    except ImportError as error:
        hint = "Install it: pip install 'textwright[train]'"
        raise MissingExtraError("kind = 'unigram' needs sentencepiece.", hint) from error
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="unigram",
        vocab_size=vocabulary,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    learned = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    scored = [
        (learned.id_to_piece(each), learned.get_score(each))
        for each in range(2, learned.get_piece_size())
        if learned.id_to_piece(each) not in (PADDING, UNKNOWN)
    ]
    special = [(PADDING, 0.0), (UNKNOWN, 0.0)]
    return models.Unigram([*special, *scored], unk_id=1, byte_fallback=False)


def text_normalizer(settings: TokenizerSettings) -> Any:
    """Make full-width forms plain (NFKC), clean control characters, set Chinese apart.

    Where texts are written, full-width forms stay: they are what is to be written.
    """
    writes = isinstance(settings, WritingTokenizerSettings)
    spaced = settings.kind == "words"
    bert = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=spaced,
        strip_accents=False,
        lowercase=settings.lowercase,
    )
    steps: list[Any] = [normalizers.NFC() if writes else normalizers.NFKC(), bert]
    if settings.kind in ("bpe", "unigram"):  # there, a blank is part of a token
        steps += [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    return normalizers.Sequence(steps)


def text_splitter(settings: TokenizerSettings) -> Any:
    """Split a normalised text into words and punctuation marks, or into characters.

    Blanks are characters where texts are written.
    """
    if settings.kind == "words":
        return pre_tokenizers.BertPreTokenizer()
    each = pre_tokenizers.Split(Regex("."), "isolated")
    if isinstance(settings, WritingTokenizerSettings):
        return each
    return pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), each])


def clean_text(text: str) -> str:
    """Replace lone surrogates, which no encoding can hold, by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def cut_chinese(text: str) -> list[tuple[str, int, int]]:
    """Cut a text into words by jieba's dictionary: word, first, one past the last code point."""
    words = chinese_words().tokenize(text.translate(PLAIN_WIDTH))
    return [(word, start, end) for word, start, end in words if not word.isspace()]


@cache
def chinese_words() -> Any:
    """Load jieba's dictionary, once (a second), without the cache it leaves in a shared folder."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42.1 has invalid escapes in its source
        import jieba
    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter
