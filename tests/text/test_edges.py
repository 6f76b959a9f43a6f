"""The tokens that begin and end a text, kept beside a tokenizer."""

from pathlib import Path

import pytest

from textwright.errors import ArtifactError
from textwright.text.edges import Edges, read_edges, write_edges


def test_edges_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    edges = Edges(1, (2, 7), (0,), (5, 6))

    write_edges(edges, tmp_path / "edges.json")

    found = read_edges(tmp_path / "edges.json")
    assert found == edges
    assert (found.first, Edges(1, ()).first) == (5, 1)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"start": "x", "stops": [], "banned": [], "before": []}', '{"start": 1}'],
)
def test_a_file_that_holds_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "edges.json").write_text(content)

    with pytest.raises(ArtifactError, match=r"edges\.json cannot be read"):
        read_edges(tmp_path / "edges.json")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"edges\.json cannot be read"):
        read_edges(tmp_path / "edges.json")
