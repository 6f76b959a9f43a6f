"""Every setting of a recipe: declared once, with a default that it would accept itself."""

from dataclasses import MISSING, fields

import pytest

from textwright.recipe.check import check_range
from textwright.recipe.data import DataSettings, DevShare
from textwright.recipe.gates import GATES
from textwright.recipe.parts import (
    DECODERS,
    EMBEDDINGS,
    ENCODERS,
    PRETRAINED_DECODERS,
    AbstentionSettings,
    PretrainedTokenizerSettings,
    PromptTokenizerSettings,
    TokenizerSettings,
)
from textwright.recipe.training import (
    AdapterSettings,
    FewShotSettings,
    FineTuningSettings,
    HeadTrainingSettings,
    LinearTrainingSettings,
    NetworkTrainingSettings,
    WriterTuningSettings,
)
from textwright.recipe.tune import Choice, Range, TuneSettings

SECTIONS: list[type] = [
    DataSettings,
    DevShare,
    TokenizerSettings,
    PretrainedTokenizerSettings,
    PromptTokenizerSettings,
    AbstentionSettings,
    LinearTrainingSettings,
    NetworkTrainingSettings,
    HeadTrainingSettings,
    FineTuningSettings,
    AdapterSettings,
    FewShotSettings,
    WriterTuningSettings,
    TuneSettings,
    Range,
    Choice,
    *EMBEDDINGS.values(),
    *ENCODERS.values(),
    *DECODERS.values(),
    *PRETRAINED_DECODERS.values(),
    *GATES.values(),
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_setting_has_a_default_in_range_and_one_line_of_meaning(section: type) -> None:
    for each in fields(section):
        default = each.default if each.default is not MISSING else None
        meaning = each.metadata["meaning"]

        assert default is not None or each.default_factory is not MISSING
        assert meaning
        assert "\n" not in meaning
        if isinstance(default, int | float | str):
            check_range(default, each, each.name)


@pytest.mark.parametrize("table", [EMBEDDINGS, ENCODERS], ids=["embeddings", "encoders"])
def test_a_table_names_each_kind_as_the_kind_names_itself(table: dict[str, type]) -> None:
    assert {name: kind.kind for name, kind in table.items()} == {  # type: ignore[attr-defined]
        name: name for name in table
    }


def test_gates_are_named_by_their_rule() -> None:
    assert all(GATES[name].rule == name for name in GATES)
