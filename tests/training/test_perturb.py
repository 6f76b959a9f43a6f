"""Texts written differently, and what that costs a model."""

import random
from pathlib import Path

import pytest

from tests.conftest import copy_demo
from textwright.recipe import gates
from textwright.recipe.file import read_recipe
from textwright.runtime.answer import Answerer
from textwright.text.examples import Example
from textwright.text.splits import read_splits
from textwright.training.fit import Workplace, fit
from textwright.training.latency import LEAST, measure_latency
from textwright.training.measure import calibrate_answerer
from textwright.training.perturb import FORMS, add_typos, measure_robustness, mistype, perturb
from textwright.training.progress import Quiet

TEXTS = ["where is my parcel", "我想退货，谢谢！", "Wo ist MEIN Paket?", "", "!!", "é́ 你好 world"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", TEXTS)
def test_the_same_text_is_always_changed_the_same_way(form: str, text: str) -> None:
    assert perturb(text, form) == perturb(text, form)


def test_a_change_made_once_stays_the_same_on_every_machine() -> None:
    assert perturb("where is my parcel", "typos") == "hwere is my paarcel"
    assert perturb("我的卡丢了", "typos") == "我的丢卡了"


def test_one_letter_in_twelve_is_mistyped() -> None:
    text = "abcdefgh" * 12  # 96 letters, 9 errors

    for seed in range(20):
        changed = add_typos(text, random.Random(seed))
        assert changed != text
        assert abs(len(changed) - len(text)) <= 9


def test_blanks_and_marks_are_never_mistyped() -> None:
    for seed in range(50):
        assert add_typos("a, b!", random.Random(seed)).count(",") == 1
        assert add_typos("  ", random.Random(seed)) == "  "


@pytest.mark.parametrize("seed", range(30))
def test_a_single_letter_does_not_vanish(seed: int) -> None:
    assert mistype(["a"], 0, random.Random(seed)) != ""


def test_a_mistyped_capital_stays_one() -> None:
    found = {mistype(list("Q"), 0, random.Random(seed)) for seed in range(40)}

    assert found == {"QQ", "W", "A"}


def test_case_goes_both_ways() -> None:
    assert perturb("Where is MY parcel", "case") == "WHERE IS MY PARCEL"
    assert perturb("WHERE", "case") == "where"
    assert perturb("我想退货", "case") == "我想退货"


def test_width_goes_both_ways() -> None:
    assert perturb("ab 1!", "width") == "ａｂ　１！"
    assert perturb("ａｂ　１！", "width") == "ab 1!"
    assert perturb("我想退货，谢谢！", "width") == "我想退货,谢谢!"
    assert perturb("我。", "width") == "我。"


def test_gates_may_ask_for_every_form_there_is() -> None:
    assert tuple(FORMS) == gates.FORMS


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder = copy_demo(tmp_path_factory.mktemp("changed"))
    recipe = read_recipe(folder / "intents.toml")
    splits = read_splits(recipe.data)
    fit(recipe, splits, Workplace(folder / "artifact", folder / "checkpoints"), Quiet())
    return calibrate_answerer(recipe, splits.dev, folder / "artifact")


@pytest.fixture(scope="module")
def examples(answerer: Answerer) -> list[Example]:
    folder = Path(answerer.artifact.folder).parent
    test = read_splits(read_recipe(folder / "intents.toml").data).test
    assert test is not None
    return list(test.examples)


def test_a_loss_is_what_the_counts_say(answerer: Answerer, examples: list[Example]) -> None:
    found = measure_robustness(answerer, examples)

    assert found["rows"] == 617  # in scope
    assert set(found["loss"]) == set(FORMS)
    for form, loss in found["loss"].items():
        counts = found["counts"][form]
        assert loss == pytest.approx((counts["lost"] - counts["won"]) / 617)
    assert found["loss"]["typos"] > 0


def test_robustness_is_the_same_again(answerer: Answerer, examples: list[Example]) -> None:
    turned = list(reversed(examples))

    assert measure_robustness(answerer, examples) == measure_robustness(answerer, turned)


def test_without_rows_in_scope_nothing_is_measured(answerer: Answerer) -> None:
    assert measure_robustness(answerer, []) == {}
    assert measure_robustness(answerer, [Example("hi", ())]) == {}


def test_latency_is_measured_on_single_texts(answerer: Answerer) -> None:
    found = measure_latency(answerer, ["where is my parcel", "我想退货"])

    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert LEAST <= found["texts"] <= 400
    assert measure_latency(answerer, []) == {}
