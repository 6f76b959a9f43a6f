"""Write the reference pages from the code: every command and every setting of a recipe.

Run by ``make docs``; a test holds the pages against what this prints.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer

from textwright.cli.main import app
from textwright.recipe.data import DataSettings, DevShare
from textwright.recipe.gates import GATES, MEASURED
from textwright.recipe.parts import (
    DECODERS,
    EMBEDDINGS,
    ENCODERS,
    PRETRAINED_DECODERS,
    AbstentionSettings,
    PretrainedTokenizerSettings,
    PromptTokenizerSettings,
    TokenizerSettings,
    WritingTokenizerSettings,
)
from textwright.recipe.records import RecordSettings
from textwright.recipe.rollout import RolloutSettings
from textwright.recipe.training import (
    AdapterSettings,
    FewShotSettings,
    FineTuningSettings,
    HeadTrainingSettings,
    LanguageTrainingSettings,
    LinearTrainingSettings,
    NetworkTrainingSettings,
    WriterTuningSettings,
    WritingTrainingSettings,
)
from textwright.recipe.tune import Choice, Range, TuneSettings

DOCS = Path(__file__).parent
MADE = "<!-- Written by `make docs` from the code: do not edit. -->"

DECODERS_ONCE = tuple(dict.fromkeys(DECODERS.values()))
PRETRAINED_ONCE = tuple(
    each for each in dict.fromkeys(PRETRAINED_DECODERS.values()) if each not in DECODERS_ONCE
)


def name_tasks(decoder: type) -> str:
    """Name the tasks that have these settings."""
    every = [*DECODERS.items(), *PRETRAINED_DECODERS.items()]
    return " and ".join(dict.fromkeys(task for task, kind in every if kind is decoder))


SECTIONS: list[tuple[str, str, type]] = [
    ("[data]", "", DataSettings),
    ("data.dev = {...}", "instead of a file", DevShare),
    ("[tokenizer]", "not for bag or pretrained", TokenizerSettings),
    ("[tokenizer]", "of encoder pretrained", PretrainedTokenizerSettings),
    ("[tokenizer]", "of encoder pretrained, task language", PromptTokenizerSettings),
    ("[tokenizer]", "of tasks that write", WritingTokenizerSettings),
    *((f'[embedding] kind = "{kind}"', "not for bag or pretrained", EMBEDDINGS[kind])
      for kind in EMBEDDINGS),
    *((f'[encoder] kind = "{kind}"', "", ENCODERS[kind]) for kind in ENCODERS),
    *(("[decoder]", f"{name_tasks(kind)}; not for bag", kind) for kind in DECODERS_ONCE),
    *(("[decoder]", f"{name_tasks(kind)}, of encoder pretrained", kind)
      for kind in PRETRAINED_ONCE),
    ("[abstention]", "classify", AbstentionSettings),
    ("[training]", "of encoder bag", LinearTrainingSettings),
    ("[training]", "of every other encoder", NetworkTrainingSettings),
    ("[training]", "of tasks generate and text-to-text", WritingTrainingSettings),
    ("[training]", "of task language", LanguageTrainingSettings),
    ("[training]", 'of encoder pretrained, train = "frozen"', HeadTrainingSettings),
    ("[training]", 'of encoder pretrained, train = "full"', FineTuningSettings),
    ("[training]", 'of encoder pretrained, train = "lora"', AdapterSettings),
    ("[training]", "of these two, few_shot = true", FewShotSettings),
    ("[training]", "of these two, tasks that write", WriterTuningSettings),
    ("[tune]", "", TuneSettings),
    ('tune.space."section.key" = {...}', "", Range),
    ('tune.space."section.key" = {...}', "", Choice),
    ("[rollout]", "", RolloutSettings),
    ("[records]", "", RecordSettings),
    *((f'[[gates]] rule = "{rule}"', ", ".join(MEASURED.get(rule, ())), GATES[rule])
      for rule in GATES),
]  # fmt: skip


def recipe_page() -> str:
    """Write the page of all settings, from their dataclasses."""
    lines = ["# Recipes: every setting", "", MADE, ""]
    lines += [
        "A recipe is a TOML file. Every key has a default; `textwright recipe show FILE` prints a",
        "recipe with all of them, and `--set section.key=value` overrides one on the command line.",
        "At the top stand `name` (the model it makes versions of) and `task` (`classify`, `match`,",
        "`embed`, `generate`, `text-to-text`, `language`). A setting that only some tasks have",
        "names them.",
        "",
    ]
    for title, remark, section in SECTIONS:
        lines += [f"## `{title}`" + (f" ({remark})" if remark else ""), ""]
        lines += [str(section.__doc__).splitlines()[0], ""]
        rows = list(setting_rows(section))
        if rows:
            lines += ["| key | default | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def setting_rows(section: Any) -> Iterator[str]:
    """Write a row a setting: key, default, meaning."""
    made = section()
    for each in fields(section):
        value = getattr(made, each.name)
        shown = "`{share = 0.1}`" if isinstance(value, DevShare) else f"`{toml(value)}`"
        meaning = each.metadata["meaning"].replace("|", "\\|")
        if tasks := each.metadata.get("tasks"):
            meaning += f" ({', '.join(tasks)})"
        yield f"| `{each.name}` | {shown} | {meaning} |"


def toml(value: Any) -> str:
    """Write a default as a recipe has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'.replace("|", "\\|")
    return str(list(value)) if isinstance(value, tuple) else str(value)


def command_page() -> str:
    """Write the page of all commands, from their own help."""
    group = typer.main.get_command(app)
    lines = ["# Commands", "", MADE, ""]
    lines += [
        "Exit codes: 0 ok, 1 refused, 2 wrong usage, 3 a fault of ours. With `--json` a command",
        "prints one JSON object on standard output and nothing else there; progress and errors",
        "go to standard error. `--debug` shows the traceback of an error.",
        "",
    ]
    for name, command in walk("textwright", group):
        lines += [f"## `{name}`", "", str(command.help or "").strip(), ""]
        rows = [parameter_row(each) for each in command.params if each.name != "help"]
        if rows:
            lines += ["| argument or option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Give every command below a group, with its whole name."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for inner in command.commands.values():
        yield from walk(f"{name} {inner.name}", inner)


def parameter_row(parameter: Any) -> str:
    """Write a row of one argument or option."""
    if parameter.param_type_name == "argument":
        shown = parameter.name.upper()
    else:
        shown = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return f"| `{shown}` | {getattr(parameter, 'help', '') or ''} |"


PAGES = {"recipes.md": recipe_page, "commands.md": command_page}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (DOCS / page).write_text(write() + "\n", encoding="utf-8")
