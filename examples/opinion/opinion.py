"""What people write about, and how they feel about it: sentiment by topic, and by month.

python opinion.py reviews.csv --sentiment sentiment@1 --out report [--k 5] [--model sentences@1]
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import textwright
from textwright.binomial import share_interval
from textwright.recipe.clustering import ClusterSettings, KMeansSettings
from textwright.training.plots import drawable, new_figure, save
from textwright.workflow.cluster import ClusterOptions

FEW = 5  # reviews of a month, below which a share says nothing


@dataclass(frozen=True)
class Mood:
    """How many reviews, and how many of them are positive."""

    reviews: int
    positive: int

    @property
    def share(self) -> float:
        """Share of positive ones, 0 to 1."""
        return self.positive / self.reviews

    @property
    def interval(self) -> tuple[float, float]:
        """Its exact 95 % interval (Clopper, Pearson 1934)."""
        return share_interval(self.positive, self.reviews, error=0.05)


def analyse(
    file: Path,
    sentiment: str | Path,
    out: Path,
    *,
    settings: ClusterSettings | None = None,
    options: ClusterOptions | None = None,
    positive: str = "positive",
) -> dict[str, Mood]:
    """Write tables, plots and a map of a file of reviews; gives each topic's mood.

    sentiment: a classifier, as ``textwright.load`` takes it; ``positive`` is its label for joy.
    Reviews with a column ``date`` (2025-03-14) are told by month, too.
    """
    out.mkdir(parents=True, exist_ok=True)
    found = textwright.cluster(file, settings, options)
    happy = [each.label == positive for each in textwright.load(sentiment).predict(found.texts)]
    names = {each.number: ", ".join(each.words[:3]) for each in found.clusters}
    topics = count_moods(zip(found.labels.tolist(), happy, strict=True))
    topics = {each: topics[each] for each in names}
    write_table(out / "topics.csv", ("topic",), {(names[key],): topics[key] for key in topics})
    plot_topics([names[each] for each in topics], list(topics.values()), out / "topics.png")
    if "date" in found.rows[0]:
        months = [str(row["date"])[:7] for row in found.rows]
        cells = count_moods(
            zip(zip(found.labels.tolist(), months, strict=True), happy, strict=True)
        )
        cells = {key: cells[key] for key in sorted(cells) if key[0] in names}
        table = {(names[topic], month): mood for (topic, month), mood in cells.items()}
        write_table(out / "months.csv", ("topic", "month"), table)
        plot_months(list(names.values()), sorted(set(months)), table, out / "months.png")
    found.write(out / "clusters.jsonl")
    found.draw(out / "map.png")
    found.draw(out / "map.html")
    return {names[key]: mood for key, mood in topics.items()}


def count_moods(pairs: Iterable[tuple[Any, bool]]) -> dict[Any, Mood]:
    """Count reviews and positive ones by whatever stands first in each pair."""
    told: dict[Any, list[bool]] = defaultdict(list)
    for key, positive in pairs:
        told[key].append(positive)
    return {key: Mood(len(each), sum(each)) for key, each in told.items()}


def write_table(path: Path, keys: Sequence[str], moods: Mapping[Any, Mood]) -> None:
    """Write moods as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*keys, "reviews", "positive", "low", "high"])
        for key, mood in moods.items():
            shares = (mood.share, *mood.interval)
            writer.writerow([*key, mood.reviews, *(f"{each:.3f}" for each in shares)])


def plot_topics(names: Sequence[str], moods: Sequence[Mood], path: Path) -> None:
    """Draw the share of positive reviews of each topic, worst at the top, with 95 % intervals."""
    order = sorted(range(len(moods)), key=lambda each: moods[each].share, reverse=True)
    figure, axes = new_figure("Positive reviews by topic", "share of positive reviews", "")
    figure.set_size_inches(8, 1.2 + 0.42 * len(order))
    shares = np.array([moods[each].share for each in order])
    low, high = np.array([moods[each].interval for each in order]).T
    colours = ["#2a6f97" if share >= 0.5 else "#d1495b" for share in shares]
    axes.barh(range(len(order)), shares, color=colours, xerr=(shares - low, high - shares))
    labels = drawable(names)
    shown = [f"{labels[each]} ({moods[each].reviews:,})" for each in order]
    axes.set_yticks(range(len(order)), shown)
    axes.axvline(0.5, color="grey", linewidth=1, linestyle=":")
    axes.set_xlim(0, 1)
    save(figure, path)


def plot_months(
    names: Sequence[str], months: Sequence[str], moods: Mapping[Any, Mood], path: Path
) -> None:
    """Draw the share of positive reviews of each topic in each month; too few reviews are blank."""
    shares = np.full((len(names), len(months)), np.nan)
    for (name, month), mood in moods.items():
        if mood.reviews >= FEW:
            shares[names.index(name), months.index(month)] = mood.share
    figure, axes = new_figure("Share of positive reviews by topic and month", "", "")
    figure.set_size_inches(3 + 0.9 * len(months), 1.6 + 0.45 * len(names))
    image = axes.imshow(shares, cmap="RdBu", vmin=0, vmax=1, aspect="auto")
    figure.colorbar(image, label="positive")
    axes.set_xticks(range(len(months)), months)
    axes.set_yticks(range(len(names)), drawable(names))
    for (row, column), share in np.ndenumerate(shares):
        if not np.isnan(share):
            colour = "black" if 0.25 < share < 0.75 else "white"
            axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour)
    save(figure, path)


def main() -> None:
    """Analyse a file, and print the mood of each topic."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--sentiment", required=True, help="a classifier: sentiment@1, or a folder")
    parser.add_argument("--out", type=Path, required=True, help="folder of tables and pictures")
    parser.add_argument("--positive", default="positive", help="its label of positive reviews")
    parser.add_argument("--model", help="whose vectors to group by; TF-IDF without")
    parser.add_argument("--k", type=int, default=0, help="topics; 0: chosen")
    given = parser.parse_args()
    settings, options = KMeansSettings(k=given.k), ClusterOptions(model=given.model)
    moods = analyse(
        given.file,
        given.sentiment,
        given.out,
        settings=settings,
        options=options,
        positive=given.positive,
    )
    for name, mood in moods.items():
        print(f"{mood.share:4.0%} positive of {mood.reviews:>6,}: {name}")


if __name__ == "__main__":
    main()
