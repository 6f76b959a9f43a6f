"""What commands print: results on standard output, everything else on standard error."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from textwright.text.visible import make_visible


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object; a number that is none becomes null."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False))


def plain(value: Any) -> Any:
    """Give a value as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def say(text: str = "") -> None:
    """Print a line of a result."""
    typer.echo(text)


def note(text: str) -> None:
    """Print a line that is no result, on standard error."""
    typer.echo(text, err=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under their headings; numbers stand to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    listed = [[show(each) for each in row] for row in rows]
    for place, name in enumerate(columns):
        numbers = bool(listed) and all(is_number(row[place]) for row in listed)
        table.add_column(Text(show(name)), justify="right" if numbers else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(each) for each in row))
    Console(highlight=False, soft_wrap=False).print(table)


def show(value: Any) -> str:
    """Write one cell: four decimals, thousands apart, times to the minute; nothing hidden."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return make_visible(str(value))


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number, or stands for a missing one."""
    return cell == "-" or cell.replace(",", "").replace(".", "").lstrip("-").isdigit()
