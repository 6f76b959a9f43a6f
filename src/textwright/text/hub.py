"""Rows of a data set on the Hugging Face hub, fetched by `datasets`."""

from collections.abc import Iterator

from textwright.errors import DataError, MissingExtraError
from textwright.recipe.data import HubSplit
from textwright.text.columnar import BATCH, Row, number_rows


def read_hub(hub: HubSplit) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a split with their numbers, counted from 1; what was fetched is kept.

    Whether it may be fetched was decided before. Code of a data set is never run: `datasets` 4 and
    newer cannot. Raises DataError where it is not to be had, MissingExtraError without `datasets`.
    """
    try:
        import datasets
    except ImportError as error:
        hint = "Install it: pip install 'textwright[hf]'"
        raise MissingExtraError(f"Reading {hub} needs datasets.", hint) from error
    try:
        found = datasets.load_dataset(hub.name, hub.configuration, split=hub.split)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        what = f"{hub} cannot be had: {str(error).splitlines()[0]}"
        hint = f"Check its name and the network, or bring it in by hand: {hub.by_hand}"
        raise DataError(what, hint) from error
    batches = found.with_format("arrow").iter(BATCH)
    yield from number_rows(found.features.arrow_schema, batches, hub)
