"""The tables of parts."""

import pytest

from textwright.errors import UnknownNameError
from textwright.networks.components import DECODERS, EMBEDDINGS, ENCODERS, find_part
from textwright.networks.decoders.pooling import POOLINGS
from textwright.recipe import parts


def test_every_kind_a_recipe_may_name_has_its_network() -> None:
    networks = {name for name in parts.ENCODERS if name != "bag"}

    assert set(EMBEDDINGS) == set(parts.EMBEDDINGS)
    assert set(ENCODERS) == networks
    assert [EMBEDDINGS[name].settings for name in EMBEDDINGS] == list(parts.EMBEDDINGS.values())


def test_every_pooling_a_recipe_may_name_is_there() -> None:
    field = parts.ClassifySettings.__dataclass_fields__["pooling"]

    assert {"auto", *POOLINGS} == set(field.metadata["choices"])


def test_every_part_says_what_it_is_good_for() -> None:
    everything = [*EMBEDDINGS.values(), *ENCODERS.values(), *DECODERS.values()]

    assert all(part.purpose for part in everything)


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'bilstm'"):
        find_part("encoder", ENCODERS, "bi-lstm")
