"""What was found in data, as a person reads it in a terminal."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from textwright.cli.output import print_table, say
from textwright.errors import UsageError
from textwright.text.duplicates import TextGroup
from textwright.text.visible import make_visible, shorten
from textwright.workflow.inspection import Inspection

SHOWN = 5  # of each list
TEXT = 40  # characters shown of a text
SCRIPTS = 2  # named of each split
COMMON = 0.005  # share of the characters from which a script is named


def print_inspection(found: Inspection) -> None:
    """Print what was found, a few examples of each, and what to type next."""
    print_splits(found)
    print_balance(found)
    print_overlaps(found)
    print_groups(found, "most repeated", sorted(found.equal, key=lambda each: -len(each.places)))
    print_groups(found, "nearly the same", found.near)
    print_groups(found, "same text, different labels", found.same_text)
    print_groups(found, "nearly the same text, different labels", found.near_text)
    print_issues(found)
    print_odd(found)
    rows = sum(1 for _ in found.suspicious())
    say(f"{rows:,} of {len(found.rows):,} rows should be looked at.")
    say("  --out FILE lists them all, --html FILE shows them in a browser.")


def print_splits(found: Inspection) -> None:
    """Print rows, lengths and scripts of each split."""
    columns = ("split", "rows", "characters: median", "95 %", "longest", "words: median", "95 %")
    rows = [
        (
            split,
            each.rows,
            round(each.characters.median),
            round(each.characters.most),
            each.characters.longest,
            round(each.words.median),
            round(each.words.most),
            name_scripts(each.scripts),
        )
        for split, each in found.splits.items()
    ]
    print_table((*columns, "written in"), rows)
    say()


def name_scripts(scripts: dict[str, float]) -> str:
    """Name the commonest scripts with their shares."""
    named = islice(((name, share) for name, share in scripts.items() if share > COMMON), SCRIPTS)
    return ", ".join(f"{name} {share:.0%}" for name, share in named)


def print_balance(found: Inspection) -> None:
    """Print the commonest and the rarest labels."""
    balance = list(found.balance.items())
    if not balance:
        say("The rows have no label: only their texts were looked at. Name a column with --label.")
        say()
        return
    shown = balance if len(balance) <= 2 * SHOWN else [*balance[:SHOWN], *balance[-SHOWN:]]
    splits = list(found.splits)
    rows = [(label, *(counts[split] for split in splits)) for label, counts in shown]
    left = len(balance) - len(shown)
    name = f"label ({left:,} between not shown)" if left else "label"
    print_table((name, *splits), rows)
    say()


def print_overlaps(found: Inspection) -> None:
    """Print how many rows stand in another split, or again in their own."""
    rows = [
        (
            f"{each.second} again"
            if each.first == each.second
            else f"{each.first} in {each.second}",
            each.equal,
            each.near,
        )
        for each in found.overlaps
        if each.equal or each.near
    ]
    if rows:
        print_table(("rows that repeat", "the same text", "nearly the same"), rows)
    else:
        say("No text stands there twice, nor nearly so.")
    say()


def print_groups(found: Inspection, title: str, groups: Iterable[TextGroup]) -> None:
    """Print a few groups of texts; nothing where there is none."""
    groups = list(groups)
    if not groups:
        return
    rows = [
        (
            shorten(found.rows[group.places[0]].text, TEXT),
            len(group.places),
            f"{group.similarity:.2f}",
            *name_rows(found, group),
        )
        for group in groups[:SHOWN]
    ]
    labels = ("labels",) if found.labelled else ()
    say(f"{title} ({len(groups):,})")
    print_table(("text", "rows", "similarity", "such as", *labels), rows)
    say()


def name_rows(found: Inspection, group: TextGroup) -> Iterator[str]:
    """Name a group's first two rows, and its labels."""
    yield " ".join(found.rows[place].name for place in group.places[:2])
    if found.labelled:
        yield ", ".join(list_labels(found, group)[:SHOWN])


def list_labels(found: Inspection, group: TextGroup) -> list[str]:
    """List the different labels of a group."""
    return sorted({*map(found.labels_of, group.places)})


def print_issues(found: Inspection) -> None:
    """Print the labels that are most likely wrong."""
    if found.judged is None:
        return
    judged = found.judged
    if judged.rare:
        names = make_visible(", ".join(islice(judged.rare, SHOWN)))
        say(f"Labels on too few texts to be judged: {len(judged.rare):,}, such as {names}")
    if not judged.rows:
        say("No label was judged: that takes two labels with texts enough.")
        say()
        return
    rows = [
        (
            shorten(found.rows[each.row].text, TEXT),
            found.rows[each.row].name,
            found.labels_of(each.row),
            ", ".join(each.suggested) or found.outside,
            f"{each.probability:.3f}",
        )
        for each in judged.issues[: 2 * SHOWN]
    ]
    say(f"likely wrong labels ({len(judged.issues):,})")
    if rows:
        print_table(("text", "row", "label", "suggested", "probability"), rows)
    say(
        f"{judged.rows:,} labels judged; a linear model that had not seen them agrees with "
        f"{judged.agreed:.1%}."
    )
    say()


def print_odd(found: Inspection) -> None:
    """Print which texts are odd."""
    rows = [
        (
            reason.replace("_", " "),
            len(places),
            " ".join(found.rows[place].name for place in places[:SHOWN]),
        )
        for reason, places in found.odd.items()
        if places
    ]
    if rows:
        print_table(("odd texts", "rows", "such as"), rows)
        say()


def write_rows(found: Inspection, path: Path) -> int:
    """Write the rows to look at as JSONL, a new file; gives their number.

    Raises UsageError where it cannot be written, or is there.
    """
    rows = list(found.suspicious())
    try:
        with path.open("x", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}."
        raise UsageError(what, "Name a new file.") from error
    return len(rows)
