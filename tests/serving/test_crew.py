"""What a free thread takes next."""

import asyncio
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from tests.runtime.tiny import make_artifact
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.serving.crew import Crew
from textwright.serving.limits import BatchLimits
from textwright.serving.queues import Item, Ticket
from textwright.text.batch import Encoding

OBJECTIVE_S = 100.0


@pytest.mark.parametrize(
    ("objective_s", "waited_s", "taken"),
    [
        (OBJECTIVE_S, 0.08 * OBJECTIVE_S, [9, 9]),
        (OBJECTIVE_S, 0.11 * OBJECTIVE_S, [9, 70]),
        (None, OBJECTIVE_S, [9, 9]),
    ],
)
def test_like_lengths_go_together_until_a_tenth_of_the_objective_is_over(
    tmp_path: Path, objective_s: float | None, waited_s: float, taken: list[int]
) -> None:
    make_artifact(tmp_path / "artifact")
    limits = BatchLimits(batch_items=2, objective_s=objective_s)

    async def take() -> list[Item]:
        answerer = Answerer(open_artifact(tmp_path / "artifact"))
        crew = Crew(answerer, limits, lambda _outcomes, _ran: None)
        now = monotonic() - waited_s
        for length in (9, 70, 9):
            ticket = Ticket(1, (now, now + 10 * OBJECTIVE_S), asyncio.Future(), "")
            crew.ready.append(Item(ticket, 0, "", Encoding(np.ones(length, dtype=np.int64))))
        return crew.take_ready()

    assert [item.tokens for item in asyncio.run(take())] == taken
