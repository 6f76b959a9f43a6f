"""What becomes of a rollout: one table over all it may find, read from the top.

Pure. The first rule that fits decides; the last one fits always, so the table is total.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from textwright.lifecycle.guards import GuardVerdict

State = Literal["idle", "shadow", "canary", "promoted", "rolled_back"]
GateState = Literal["pass", "overridden", "unknown", "fail"]
Action = Literal["nothing", "wait", "hold", "advance", "finish", "roll_back"]
AtLimit = Literal["hold", "roll_back"]


@dataclass(frozen=True)
class Situation:
    """What a rollout finds when it is looked at.

    gates:    of the candidate; overridden: an approver let it through with these verdicts.
    guards:   the worst of the guards that count in this state.
    ready:    the step's least minutes, units and feedback are there.
    last:     there is no further step before production.
    late:     the time limit has passed; then at_limit is done.
    paused:   an operator told it to stay.
    """

    state: State
    gates: GateState
    guards: GuardVerdict
    ready: bool
    last: bool
    late: bool
    at_limit: AtLimit
    paused: bool


@dataclass(frozen=True)
class Rule:
    """One line of the table."""

    fits: Callable[[Situation], bool]
    action: Action
    because: str


TABLE = (
    Rule(lambda now: now.state not in ("shadow", "canary"), "nothing", "no rollout is under way"),
    Rule(lambda now: now.guards == "bad", "roll_back", "a guard proved the candidate worse"),
    Rule(lambda now: now.gates == "fail", "roll_back", "a gate fails now"),
    Rule(
        lambda now: now.late and now.at_limit == "roll_back",
        "roll_back",
        "the time limit has passed",
    ),
    Rule(lambda now: now.late, "hold", "the time limit has passed"),
    Rule(lambda now: now.paused, "hold", "an operator holds it"),
    Rule(lambda now: now.guards == "no_data", "hold", "a guard has no data"),
    Rule(lambda now: now.gates == "unknown", "hold", "a gate is unknown"),
    Rule(lambda now: not now.ready, "wait", "the step is not over"),
    Rule(lambda now: now.state == "canary" and now.last, "finish", "every step is over"),
    Rule(lambda _: True, "advance", "the step is over"),
)


def decide(now: Situation) -> Rule:
    """Give the first line of the table that fits."""
    return next(rule for rule in TABLE if rule.fits(now))
