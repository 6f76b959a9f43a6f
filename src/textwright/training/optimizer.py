"""Steps of gradient descent: optimizer, step size, precision, device."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from textwright.errors import SettingsError
from textwright.recipe.training import NetworkTrainingSettings

HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def find_device(settings: NetworkTrainingSettings) -> torch.device:
    """Choose where to train; raises SettingsError for what this machine does not have."""
    has_cuda = torch.cuda.is_available()
    if settings.device == "cuda" and not has_cuda:
        hint = 'Set training.device = "cpu", or "auto" to take one where there is one.'
        raise SettingsError("This machine has no CUDA device that torch can use.", hint)
    device = torch.device("cuda" if has_cuda and settings.device != "cpu" else "cpu")
    if settings.precision == "fp16" and device.type == "cpu":
        hint = 'Set training.precision = "bf16" or "fp32".'
        raise SettingsError("fp16 needs a CUDA device, and this trains on the CPU.", hint)
    if settings.precision == "bf16" and not has_bf16(device):
        what = "This processor cannot compute in bf16: x86 needs AVX-512 for it."
        raise SettingsError(what, 'Set training.precision = "fp32".')
    return device


def has_bf16(device: torch.device) -> bool:
    """Tell whether a device trains an LSTM in bf16; torch names no sign of it."""
    try:
        with torch.autocast(device.type, torch.bfloat16):
            nn.LSTM(1, 1, device=device)(torch.zeros(1, 1, 1, device=device))
    except RuntimeError:
        return False
    return True


def new_optimizer(model: nn.Module, settings: NetworkTrainingSettings) -> torch.optim.AdamW:
    """Make AdamW (Loshchilov and Hutter 2019, algorithm 2); vectors, such as biases, do not decay.

    The decoder takes ``head_learning_rate_factor`` times the steps of the rest; what is frozen
    takes none. The fused kernel takes one pass over each weight.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, each in model.named_parameters():
        if each.requires_grad:
            groups.setdefault((name.startswith("decoder."), each.ndim > 1), []).append(each)
    tables = [
        {
            "params": parameters,
            "weight_decay": settings.weight_decay if decays else 0.0,
            "scale": settings.head_learning_rate_factor if is_head else 1.0,
        }
        for (is_head, decays), parameters in groups.items()
    ]
    return torch.optim.AdamW(tables, lr=settings.learning_rate, fused=True)


def step_size(step: int, steps: int, settings: NetworkTrainingSettings) -> float:
    """Give the learning rate of a step: growing in the warm-up, then as the schedule says.

    step:  counted from 0, below ``steps``.
    """
    warm = max(1, round(settings.warmup * steps))
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    falls = {
        "constant": 1.0,
        "linear": 1.0 - done,
        "cosine": 0.5 * (1.0 + math.cos(math.pi * done)),
    }
    return settings.learning_rate * falls[settings.schedule]


def take_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    *,
    rate: float,
    clip_norm: float,
) -> None:
    """Move the weights against the gradients they hold, and clear these.

    rate: of the encoder; a group of weights takes it times its ``scale``.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)
    if clip_norm > 0:
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm, foreach=True)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)


def autocast(settings: NetworkTrainingSettings, device: torch.device) -> torch.autocast:
    """Give the context in which the forward pass runs at the recipe's precision."""
    half = HALVES.get(settings.precision)
    return torch.autocast(device.type, dtype=half or torch.bfloat16, enabled=half is not None)


@contextmanager
def fixed_threads(threads: int, devices: Sequence[int]) -> Iterator[None]:
    """Run with a number of threads, and leave threads and random states as they were."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(devices=list(devices)):
            yield
    finally:
        torch.set_num_threads(before)
