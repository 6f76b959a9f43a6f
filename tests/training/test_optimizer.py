"""Step sizes, clipping, device and threads."""

import pytest
import torch
from torch import nn

from tests.training.small import small_settings
from textwright.errors import SettingsError
from textwright.training.optimizer import (
    find_device,
    fixed_threads,
    has_bf16,
    new_optimizer,
    step_size,
    take_step,
)


@pytest.mark.parametrize(
    ("schedule", "middle", "end"), [("constant", 1, 1), ("linear", 0.5, 0), ("cosine", 0.5, 0)]
)
def test_the_step_size_grows_then_goes_as_the_schedule_says(
    schedule: str, middle: float, end: float
) -> None:
    settings = small_settings(learning_rate=1.0, schedule=schedule, warmup=0.2)

    rates = [step_size(step, 1000, settings) for step in (0, 99, 199, 600, 999)]

    assert rates == pytest.approx([0.005, 0.5, 1.0, middle, end], abs=2e-3)


def test_weights_decay_and_biases_do_not() -> None:
    layer = nn.Linear(3, 2)

    weights, vectors = new_optimizer(layer, small_settings(weight_decay=0.3)).param_groups

    assert (weights["weight_decay"], weights["params"]) == (0.3, [layer.weight])
    assert (vectors["weight_decay"], vectors["params"]) == (0.0, [layer.bias])


def test_the_decoder_steps_by_its_own_rate_and_what_is_frozen_not_at_all() -> None:
    model = nn.ModuleDict({"encoder": nn.Linear(1, 1), "decoder": nn.Linear(1, 1)})
    model["encoder"].bias.requires_grad_(False)
    settings = small_settings(head_learning_rate_factor=10.0, weight_decay=0.0)
    optimizer = new_optimizer(model, settings)
    before = {name: each.item() for name, each in model.named_parameters()}
    for each in model.parameters():
        each.grad = torch.ones_like(each)
    scaler = torch.amp.GradScaler("cpu", enabled=False)

    take_step(model, optimizer, scaler, rate=0.01, clip_norm=0.0)

    moved = {name: before[name] - each.item() for name, each in model.named_parameters()}
    assert moved["encoder.bias"] == 0
    assert moved["encoder.weight"] == pytest.approx(0.01, rel=1e-3)
    assert moved["decoder.weight"] == pytest.approx(0.1, rel=1e-3)
    assert moved["decoder.bias"] == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize(("clip_norm", "moved"), [(0.5, 0.5), (0.0, 3.0)])
def test_a_long_gradient_is_cut_to_the_norm_allowed(clip_norm: float, moved: float) -> None:
    layer = nn.Linear(1, 1, bias=False)
    start = layer.weight.item()
    layer.weight.grad = torch.tensor([[3.0]])
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.0)
    scaler = torch.amp.GradScaler("cpu", enabled=False)

    take_step(layer, optimizer, scaler, rate=1.0, clip_norm=clip_norm)

    assert start - layer.weight.item() == pytest.approx(moved, rel=1e-4)
    assert layer.weight.grad is None


def test_fp16_on_a_cpu_is_refused_with_a_way_out() -> None:
    with pytest.raises(SettingsError, match="bf16"):
        find_device(small_settings(precision="fp16"))


@pytest.mark.skipif(has_bf16(torch.device("cpu")), reason="this processor has bf16")
def test_bf16_is_refused_where_the_processor_has_none() -> None:
    with pytest.raises(SettingsError, match="AVX-512"):
        find_device(small_settings(precision="bf16", device="cpu"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused_and_auto_does_without() -> None:
    with pytest.raises(SettingsError, match="no CUDA device"):
        find_device(small_settings(device="cuda"))
    assert find_device(small_settings(device="auto")).type == "cpu"


def test_threads_and_random_state_are_left_as_they_were() -> None:
    threads = torch.get_num_threads()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)

    with fixed_threads(threads + 1, []):
        inside = torch.get_num_threads()
        torch.rand(7)

    assert inside == threads + 1
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(2), expected)
