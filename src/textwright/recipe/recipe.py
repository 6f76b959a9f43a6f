"""A recipe: everything a run depends on, and nothing else influences a result."""

from dataclasses import dataclass
from typing import Any

from textwright.recipe.data import TEXT_TO_TEXT, WRITING, DataSettings, RowForm
from textwright.recipe.gates import GateSettings
from textwright.recipe.parts import (
    AbstentionSettings,
    AnyTokenizerSettings,
    DecoderSettings,
    EmbeddingSettings,
    EmbedSettings,
    EncoderSettings,
    MatchSettings,
)
from textwright.recipe.records import RecordSettings
from textwright.recipe.rollout import RolloutSettings
from textwright.recipe.training import TrainingSettings
from textwright.recipe.tune import TUNED, TuneSettings
from textwright.recipe.writing import DrawSettings, SearchSettings

CROSS = "cross"
LABEL_FORMS = {"regression": "number", "graded": "whole", "binary": "class"}


@dataclass(frozen=True)
class Recipe:
    """One model's data, parts, training, rollout, records and gates, checked whole.

    A section that the encoder or the task does not use is None: ``bag`` has no tokenizer,
    embedding or decoder of its own, ``pretrained`` brings its own embedding. ``tune`` is None
    where it is not written.
    """

    name: str
    task: str
    data: DataSettings
    tokenizer: AnyTokenizerSettings | None
    embedding: EmbeddingSettings | None
    encoder: EncoderSettings
    decoder: DecoderSettings | None
    abstention: AbstentionSettings | None
    training: TrainingSettings
    rollout: RolloutSettings
    records: RecordSettings
    tune: TuneSettings | None
    gates: tuple[GateSettings, ...]

    @property
    def form(self) -> RowForm:
        """What each row of its data holds."""
        if isinstance(self.decoder, MatchSettings):
            return RowForm(paired=True, label=LABEL_FORMS[self.decoder.labels])
        if isinstance(self.decoder, EmbedSettings):
            return RowForm(paired=True, label="number", loose=True)
        if isinstance(self.decoder, SearchSettings):
            return RowForm(label="text", prefixed=self.task == TEXT_TO_TEXT)
        if isinstance(self.decoder, DrawSettings):
            return RowForm(label="none")
        return RowForm()

    @property
    def writes(self) -> bool:
        """Whether the network writes texts."""
        return self.task in WRITING

    @property
    def reads_pairs(self) -> bool:
        """Whether the network reads both texts of a pair at once."""
        return isinstance(self.decoder, MatchSettings) and self.decoder.form == CROSS

    @property
    def texts_apart(self) -> int:
        """The texts of an input that the network reads one by one: two of a siamese pair."""
        return 2 if not self.reads_pairs and isinstance(self.decoder, MatchSettings) else 1

    @property
    def tuned_sections(self) -> dict[str, Any]:
        """The sections whose settings a search may change, by name, as far as they are used."""
        found = {name: getattr(self, name) for name in TUNED}
        return {name: each for name, each in found.items() if each is not None}
