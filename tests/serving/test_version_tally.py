"""What a version has done."""

from textwright.serving.version_tally import Spent, VersionTally


def test_requests_are_counted_with_their_texts_and_seconds() -> None:
    tally = VersionTally()
    tally.add_request(3, 0, 0.5, 100.0)
    tally.add_request(2, 0, 0.25, 101.0)
    tally.add_request(2, 1, 0.125, 102.0)
    assert tally.answered == Spent(2, 0.75)
    assert tally.failed == Spent(1, 0.125)
    assert (tally.texts, tally.last) == (6, 102.0)


def test_batches_are_counted_by_their_size() -> None:
    tally = VersionTally()
    for items in (1, 4, 4):
        tally.add_batch(items, 0.5)
    assert tally.batches == {1: Spent(1, 0.5), 4: Spent(2, 1.0)}
