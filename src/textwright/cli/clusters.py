"""What `textwright cluster` prints."""

from textwright.cli.output import note, print_table, say
from textwright.clustering.agreement import Agreement
from textwright.clustering.result import Clustering
from textwright.recipe.clustering import HdbscanSettings
from textwright.text.visible import shorten

TYPICAL_LENGTH = 60  # characters shown of a typical text


def print_clusters(found: Clustering) -> None:
    """Print the clusters, how they were chosen, and how far to trust them."""
    texts = len(found.texts)
    say(f"{texts:,} texts, {found.settings.method}, {found.source}")
    if found.silhouettes:
        print_silhouettes(found.silhouettes)
    print_table(
        ("cluster", "texts", "share", "words", "most typical"),
        [
            (each.number, each.size, each.size / texts, each.name, brief(each.typical))
            for each in found.clusters
        ],
    )
    if found.in_no_cluster:
        say(f"{found.in_no_cluster:,} texts lie in no cluster.")
    if found.left_out:
        note(f"Note: {found.left_out:,} rows have nothing to compare by and are in no cluster.")
    print_trust(found)


def print_silhouettes(silhouettes: dict[int, float]) -> None:
    """Print the silhouette of each number of clusters tried, and which was taken."""
    best = max(silhouettes, key=silhouettes.__getitem__)
    tried = ", ".join(f"{k}: {value:.3f}" for k, value in silhouettes.items())
    say(f"Silhouette of each number of clusters: {tried}")
    say(f"{best} has the largest; another: --k")


def print_trust(found: Clustering) -> None:
    """Print the stability and the agreement with labels."""
    if isinstance(found.settings, HdbscanSettings):
        say("HDBSCAN draws nothing by chance: other seeds give the same clusters.")
    elif found.stability is not None:
        runs = found.settings.restarts
        say(f"Stability: {found.stability:.3f} (mean adjusted Rand index between {runs} seeds)")
    if found.agreement:
        print_agreement(found.agreement)


def print_agreement(scores: Agreement) -> None:
    """Print how clusters agree with the labels of people."""
    say(
        f"Against {scores.classes} labels of {scores.texts:,} texts: NMI {scores.nmi:.4f}, "
        f"V-measure {scores.v_measure:.4f} (homogeneity {scores.homogeneity:.4f}, "
        f"completeness {scores.completeness:.4f}),"
    )
    say(f"accuracy {scores.accuracy:.4f}, adjusted Rand index {scores.rand_index:.4f}")


def brief(typical: tuple[str, ...]) -> str:
    """Give the most typical text, cut to a line."""
    return shorten(" ".join(typical[0].split()), TYPICAL_LENGTH) if typical else ""
