"""A recipe: everything a run depends on, and nothing else influences a result."""

from dataclasses import dataclass

from textwright.recipe.data import DataSettings
from textwright.recipe.gates import GateSettings
from textwright.recipe.parts import (
    AbstentionSettings,
    DecoderSettings,
    EmbeddingSettings,
    EncoderSettings,
    TokenizerSettings,
)
from textwright.recipe.records import RecordSettings
from textwright.recipe.rollout import RolloutSettings
from textwright.recipe.training import TrainingSettings


@dataclass(frozen=True)
class Recipe:
    """One model's data, parts, training, rollout, records and gates, checked whole.

    A section that the encoder does not use is None: ``bag`` has no tokenizer, embedding or
    decoder of its own.
    """

    name: str
    task: str
    data: DataSettings
    tokenizer: TokenizerSettings | None
    embedding: EmbeddingSettings | None
    encoder: EncoderSettings
    decoder: DecoderSettings | None
    abstention: AbstentionSettings
    training: TrainingSettings
    rollout: RolloutSettings
    records: RecordSettings
    gates: tuple[GateSettings, ...]
