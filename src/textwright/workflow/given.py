"""What a run is given besides its recipe: its data, and what its network builds on."""

from dataclasses import dataclass

from textwright.lifecycle.datasets import NewDataset
from textwright.recipe.file import REFERENCE
from textwright.recipe.parts import ElmoEmbeddingSettings, VectorsEmbeddingSettings
from textwright.recipe.recipe import Recipe
from textwright.settings import Settings
from textwright.text.splits import Splits, read_splits
from textwright.training.pretrained import Pretrained, open_pretrained
from textwright.workflow.opening_vectors import find_vectors


@dataclass(frozen=True)
class Given:
    """Data that was read, and what the network builds on, checked; None for nothing."""

    splits: Splits
    pretrained: Pretrained | None = None

    def digests(self) -> dict[str, str]:
        """Name all of it for the record: train, dev, test, embedding or encoder."""
        found = {part: each.digest for part, each in name_datasets(self.splits).items()}
        if self.pretrained:
            found[self.pretrained.part] = self.pretrained.digest
        return found


def read_given(recipe: Recipe, settings: Settings | None, *, test: bool = True) -> Given:
    """Read all that a recipe names; what its network builds on comes first, and fails first.

    settings: where ``helpdesk@1`` is looked for.
    test:     whether the test file is opened at all.
    Raises as ``read_splits`` and ``find_pretrained`` do.
    """
    pretrained = find_pretrained(recipe, settings)
    return Given(read_splits(recipe.data, recipe.form, test=test), pretrained)


def find_pretrained(recipe: Recipe, settings: Settings | None) -> Pretrained | None:
    """Open what a recipe's embedding or encoder builds on; None for nothing.

    Raises as ``open_pretrained`` and ``find_vectors`` do.
    """
    place, embedding = None, recipe.embedding
    if isinstance(
        embedding, VectorsEmbeddingSettings | ElmoEmbeddingSettings
    ) and REFERENCE.fullmatch(embedding.file):
        place = find_vectors(embedding.file, settings=settings)
    return open_pretrained(recipe, place)


def name_datasets(splits: Splits) -> dict[str, NewDataset]:
    """Describe the data sets of a run by their part, for the record."""
    parts = {"train": splits.train, "dev": splits.dev, "test": splits.test}
    return {
        name: NewDataset(part.digest, len(part.examples), part.columns, part.source)
        for name, part in parts.items()
        if part is not None
    }
