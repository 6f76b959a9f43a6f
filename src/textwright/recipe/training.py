"""The settings of ``[training]``, which depend on what is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textwright.errors import RecipeError
from textwright.recipe.check import read_settings
from textwright.recipe.data import CLASSIFY, EMBED, GENERATE, WRITING, DataSettings
from textwright.recipe.parts import BagSettings, EncoderSettings, PretrainedSettings
from textwright.recipe.settings import setting


@dataclass(frozen=True)
class LinearTrainingSettings:
    """Training the n-gram linear model (encoder ``bag``)."""

    kind: ClassVar[str] = "linear"
    seed: int = setting(7, "seed of every random choice", at_least=0, at_most=2**63 - 1)
    threads: int = setting(
        2, "threads; part of the result, so not taken from the machine", at_least=1, at_most=256
    )
    epochs: int = setting(10, "passes over the training rows", at_least=1)
    l2: float = setting(1.0, "strength of the pull of weights towards zero", at_least=0)
    contrast: float = setting(
        0.5,
        "how far n-grams that labels use alike count for less: 0 not, 1 in full",
        at_least=0,
        at_most=2,
    )


@dataclass(frozen=True)
class NetworkTrainingSettings:
    """Training a network by gradient descent (every other encoder)."""

    kind: ClassVar[str] = "network"
    seed: int = setting(7, "seed of every random choice", at_least=0, at_most=2**63 - 1)
    threads: int = setting(
        2, "threads; part of the result, so not taken from the machine", at_least=1, at_most=256
    )
    epochs: int = setting(20, "most passes over the training rows", at_least=1)
    batch_size: int = setting(32, "texts in a batch", at_least=1)
    learning_rate: float = setting(2e-3, "peak step size of AdamW", at_least=0, at_most=10)
    head_learning_rate_factor: float = setting(
        1.0, "learning rate of the decoder, in those of the rest", at_least=0, at_most=1000
    )
    schedule: str = setting(
        "cosine",
        "step size after the warm-up: constant, linear, cosine",
        choices=("constant", "linear", "cosine"),
    )
    warmup: float = setting(0.05, "share of the steps in which it grows", at_least=0, at_most=1)
    weight_decay: float = setting(0.01, "decoupled, as in AdamW", at_least=0)
    clip_norm: float = setting(1.0, "longest gradient; 0: not clipped", at_least=0)
    label_smoothing: float = setting(
        0.0,
        "share of the target spread over all labels, or tokens",
        at_least=0,
        at_most=0.9,
        tasks=(*CLASSIFY, *WRITING),
    )
    class_weights: str = setting(
        "none",
        "none, or balanced: rare labels count more",
        choices=("none", "balanced"),
        tasks=CLASSIFY,
    )
    out_of_scope: str = setting(
        "leave-out",
        "training rows of no class: leave-out, or uniform (pulled to equal scores)",
        choices=("leave-out", "uniform"),
        tasks=CLASSIFY,
    )
    temperature: float = setting(
        0.05,
        "cosines are divided by it; lower: only the nearest count",
        at_least=1e-4,
        tasks=EMBED,
    )
    pairs: int = setting(100_000, "most pairs learned from", at_least=1, tasks=EMBED)
    alike: float = setting(
        0.8,
        "share of the labels' range from which a pair is learned from; without labels all are",
        at_least=0,
        at_most=1,
        tasks=EMBED,
    )
    gradient_accumulation: int = setting(1, "batches summed before a step", at_least=1)
    precision: str = setting(
        "fp32", "fp32, bf16 or fp16, where the device has it", choices=("fp32", "bf16", "fp16")
    )
    device: str = setting("cpu", "cpu, cuda, or auto", choices=("cpu", "cuda", "auto"))
    patience: int = setting(
        5, "epochs without a better dev score before stopping; 0: never", at_least=0
    )


@dataclass(frozen=True)
class HeadTrainingSettings(NetworkTrainingSettings):
    """Training a decoder on what a frozen encoder gives (encoder ``pretrained``, train frozen)."""

    epochs: int = setting(40, "most passes over the training rows", at_least=1)


@dataclass(frozen=True)
class FineTuningSettings(NetworkTrainingSettings):
    """Training an encoder that knows much already (encoder ``pretrained``, train full)."""

    few_shot: bool = setting(
        False, "tune the encoder on pairs of texts first, then a linear head", tasks=CLASSIFY
    )
    epochs: int = setting(3, "most passes over the training rows", at_least=1)
    learning_rate: float = setting(2e-4, "peak step size of AdamW", at_least=0, at_most=10)
    head_learning_rate_factor: float = setting(
        10.0, "learning rate of the decoder, in those of the rest", at_least=0, at_most=1000
    )
    schedule: str = setting(
        "linear",
        "step size after the warm-up: constant, linear, cosine",
        choices=("constant", "linear", "cosine"),
    )
    warmup: float = setting(0.1, "share of the steps in which it grows", at_least=0, at_most=1)


@dataclass(frozen=True)
class AdapterSettings(FineTuningSettings):
    """Training it through narrow matrices beside its own (encoder ``pretrained``, train lora)."""

    learning_rate: float = setting(1e-3, "peak step size of AdamW", at_least=0, at_most=10)


@dataclass(frozen=True)
class FewShotSettings(FineTuningSettings):
    """Tuning an encoder on pairs of texts, then a linear head (few_shot = true)."""

    few_shot: bool = setting(
        True, "tune the encoder on pairs of texts first, then a linear head", tasks=CLASSIFY
    )
    epochs: int = setting(1, "passes over the pairs", at_least=1)
    batch_size: int = setting(64, "pairs in a batch; then texts", at_least=1)
    pairs: int = setting(
        10_000,
        "most pairs of texts of one class, all texts alike often",
        at_least=1,
        tasks=CLASSIFY,
    )
    temperature: float = setting(
        0.05,
        "cosines are divided by it; lower: only the nearest count",
        at_least=1e-4,
        tasks=CLASSIFY,
    )
    head_epochs: int = setting(40, "most passes of the head over the training rows", at_least=1)


@dataclass(frozen=True)
class WritingTrainingSettings(NetworkTrainingSettings):
    """Training a network to write a text from a text."""

    epochs: int = setting(12, "most passes over the training rows", at_least=1)
    batch_size: int = setting(64, "texts in a batch", at_least=1)
    learning_rate: float = setting(1e-3, "peak step size of AdamW", at_least=0, at_most=10)
    label_smoothing: float = setting(
        0.1, "share of the target spread over all tokens", at_least=0, at_most=0.9
    )


@dataclass(frozen=True)
class LanguageTrainingSettings(NetworkTrainingSettings):
    """Training a network to write a text on (task ``language``)."""

    epochs: int = setting(10, "most passes over the text", at_least=1)
    batch_size: int = setting(32, "pieces of text in a batch, each of decoder.context", at_least=1)


@dataclass(frozen=True)
class WriterTuningSettings(FineTuningSettings):
    """Training on what writes already (tasks ``generate`` and ``language``, full or lora)."""

    batch_size: int = setting(8, "texts, or pieces of text, in a batch", at_least=1)
    learning_rate: float = setting(5e-5, "peak step size of AdamW", at_least=0, at_most=10)


TrainingSettings = LinearTrainingSettings | NetworkTrainingSettings


OF_TASK: dict[str, type[NetworkTrainingSettings]] = {
    **dict.fromkeys(GENERATE, WritingTrainingSettings),
    "language": LanguageTrainingSettings,
}  # NetworkTrainingSettings for every other
OF_WAY: dict[str, type[NetworkTrainingSettings]] = {
    "frozen": HeadTrainingSettings,
    "full": FineTuningSettings,
    "lora": AdapterSettings,
}  # by ``encoder.train``; WriterTuningSettings for what learns to write


def read_training(
    table: Any, encoder: EncoderSettings, data: DataSettings, task: str
) -> TrainingSettings:
    """Read ``[training]``, whose settings depend on what is trained."""
    if isinstance(encoder, BagSettings):
        return read_settings(LinearTrainingSettings, table, "training")
    kind = OF_TASK.get(task, NetworkTrainingSettings)
    if isinstance(encoder, PretrainedSettings):
        tuned = task in WRITING and encoder.train != "frozen"
        kind = WriterTuningSettings if tuned else OF_WAY[encoder.train]
    if task == "classify" and isinstance(table, Mapping) and table.get("few_shot") is True:
        check_few_shot(kind, data)
        kind = FewShotSettings
    return read_settings(kind, table, "training", task=task)


def check_few_shot(kind: type[NetworkTrainingSettings], data: DataSettings) -> None:
    """Refuse to tune on pairs of a class what does not learn, or what knows several a text."""
    if not issubclass(kind, FineTuningSettings):
        what = "training.few_shot tunes a pretrained encoder, and this recipe has none that learns."
        raise RecipeError(what, 'Write train = "full" in [encoder], of kind "pretrained".')
    if data.multi_label:
        what = "training.few_shot needs one label a text, data.multi_label is set."
        raise RecipeError(what, "Take few_shot out.")
