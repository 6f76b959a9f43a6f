"""What was found in data, as a page for a browser."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from textwright.cli.html_page import Markup, bar, card, table, tag, write_page
from textwright.cli.inspected import list_labels, name_scripts
from textwright.text.duplicates import TextGroup
from textwright.text.visible import shorten
from textwright.workflow.inspection import Inspection

MOST = 200  # rows of a list; the rest stands in the file that --out writes
TEXT = 300  # characters shown of a text
GROUP = 8  # rows of a group named


def write_inspection(found: Inspection, path: Path) -> None:
    """Write the page; raises UsageError where the file cannot be written."""
    write_page(
        path,
        f"Inspection of {found.source}",
        tag("h1", "What is in the data"),
        tag("p", found.source, css="soft"),
        tag("div", *cards(found), css="cards"),
        *splits_part(found),
        *balance_part(found),
        *overlaps_part(found),
        *issues_part(found),
        *group_part(found, "Same text, different labels", CONFLICT, found.same_text),
        *group_part(found, "Nearly the same text, different labels", NEAR, found.near_text),
        *group_part(found, "Repeated texts", REPEAT, by_size(found.equal)),
        *group_part(found, "Texts nearly the same", NEAR, found.near),
        *odd_part(found),
    )


CONFLICT = "At most one of the labels can be right, or the text says too little to tell."
REPEAT = "Each row beyond the first teaches nothing, and counts again in every score."
NEAR = (
    "Held together by pairs whose shingles (runs of letters) have at least the similarity shown: "
    "the share that both have of all that either has."
)
WRONG = (
    "Each row was scored by a linear model trained on the other folds. A label stands here when "
    "the row looks more like another class than that class's own rows do (confident learning). "
    "The probability is that of the label it has."
)


def by_size(groups: Iterable[TextGroup]) -> list[TextGroup]:
    """Order groups by their rows, most first."""
    return sorted(groups, key=lambda each: -len(each.places))


def cards(found: Inspection) -> Iterator[Markup]:
    """Give the numbers that matter most."""
    within = [each for each in found.overlaps if each.first == each.second]
    across = [each for each in found.overlaps if each.first != each.second]
    yield card(len(found.rows), "rows")
    if found.labelled:
        yield card(len(found.balance), "labels")
    yield card(sum(each.equal for each in within), "repeats within a split")
    if across:
        yield card(sum(each.equal + each.near for each in across), "rows shared between splits")
    if found.labelled:
        yield card(len(found.same_text) + len(found.near_text), "conflicts of labels")
    if found.judged and found.judged.rows:
        yield card(len(found.issues), "labels likely wrong")
        yield card(f"{found.judged.agreed:.1%}", "labels a linear model agrees with")


def splits_part(found: Inspection) -> Iterator[Markup]:
    """Give rows, lengths and scripts of each split."""
    names = ("split", "rows", "characters: mean", "median", "95 %", "longest")
    rows = [
        (
            split,
            each.rows,
            *(round(value) for value in vars(each.characters).values()),
            *(round(value) for value in vars(each.words).values()),
            name_scripts(each.scripts),
        )
        for split, each in found.splits.items()
    ]
    yield tag("h2", "Splits")
    yield table((*names, "words: mean", "median", "95 %", "longest", "written in"), rows)


def balance_part(found: Inspection) -> Iterator[Markup]:
    """Give the rows of each label."""
    if not found.labelled:
        return
    balance = found.balance
    most = max((sum(counts.values()) for counts in balance.values()), default=1)
    rows = [
        (label, bar(sum(counts.values()) / most), *(counts[split] for split in found.splits))
        for label, counts in balance.items()
    ]
    yield tag("h2", "Labels")
    yield from cut(rows, ("label", "", *found.splits))


def overlaps_part(found: Inspection) -> Iterator[Markup]:
    """Give how many rows repeat within and across splits."""
    rows = [
        (
            f"within {each.first}"
            if each.first == each.second
            else f"rows of {each.second} that stand in {each.first}",
            each.equal,
            each.near,
        )
        for each in found.overlaps
    ]
    yield tag("h2", "Repeats within and across splits")
    yield table(("", "the same text", "nearly the same"), rows)


def issues_part(found: Inspection) -> Iterator[Markup]:
    """Give the labels that are likely wrong."""
    if found.judged is None:
        return
    rows = [
        (
            tag("span", found.rows[each.row].name, css="name"),
            shown(found, each.row),
            found.labels_of(each.row),
            tag("b", ", ".join(each.suggested) or found.outside),
            Markup(f"{each.probability:.3f}"),
        )
        for each in found.issues
    ]
    yield tag("h2", f"Labels likely wrong ({len(rows):,})")
    yield tag("p", WRONG, css="soft")
    if found.judged.rare:
        rare = ", ".join(f"{name} ({count})" for name, count in found.judged.rare.items())
        yield tag("p", f"Not judged, on too few texts: {rare}", css="soft")
    yield from cut(rows, ("row", "text", "label", "suggested", "probability"))


def group_part(
    found: Inspection, title: str, meaning: str, groups: Sequence[TextGroup]
) -> Iterator[Markup]:
    """Give groups of texts with their rows and labels; nothing where there is none."""
    if not groups:
        return
    rows = [
        (
            shown(found, group.places[0]),
            len(group.places),
            Markup(f"{group.similarity:.2f}"),
            tag("span", name_places(found, group.places), css="soft"),
            ", ".join(list_labels(found, group)) if found.labelled else "",
        )
        for group in groups[:MOST]
    ]
    yield tag("h2", f"{title} ({len(groups):,})")
    yield tag("p", meaning, css="soft")
    yield from cut(rows, ("text", "rows", "similarity", "where", "labels"), of=len(groups))


def odd_part(found: Inspection) -> Iterator[Markup]:
    """Give the texts that are odd."""
    rows = [
        (
            reason.replace("_", " "),
            tag("span", found.rows[place].name, css="name"),
            shown(found, place),
        )
        for reason, places in found.odd.items()
        for place in places
    ]
    if rows:
        yield tag("h2", f"Odd texts ({len(rows):,})")
        yield from cut(rows, ("what", "row", "text"))


def cut(
    rows: Sequence[Sequence[object]], columns: Sequence[str], *, of: int | None = None
) -> Iterator[Markup]:
    """Give a table of the first rows, and say how many there are beyond."""
    if not rows:
        yield tag("p", "None.")
        return
    yield table(columns, rows[:MOST])
    left = (len(rows) if of is None else of) - MOST
    if left > 0:
        yield tag("p", f"{left:,} more stand in the file that --out writes.", css="soft")


def shown(found: Inspection, place: int) -> Markup:
    """Give a row's text as it can be shown."""
    return tag("span", shorten(found.rows[place].text, TEXT), css="text")


def name_places(found: Inspection, places: Sequence[int]) -> str:
    """Name the first rows of a group."""
    named = ", ".join(found.rows[place].name for place in places[:GROUP])
    return named + (f" and {len(places) - GROUP:,} more" if len(places) > GROUP else "")
