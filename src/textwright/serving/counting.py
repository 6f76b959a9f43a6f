"""What the guards of rollouts count: added up on the event loop, written by the housekeeper."""

from threading import Lock

from textwright.errors import DeadlineError, OverloadedError, RequestError, TextwrightError
from textwright.lifecycle.tally import Counted, Seen, Tally
from textwright.serving.deployments import Deployment
from textwright.serving.keep import Keep
from textwright.serving.live import Deployed
from textwright.serving.loader import Loader
from textwright.serving.metrics import ServerMetrics
from textwright.serving.predict import Asked, Done, Left
from textwright.serving.written import GUARDS, WrittenAnswers
from textwright.tasks.generate import GenerateAnswer

SPOOL_MINUTES = 180  # that wait for a database that is away; older ones are dropped
ALL_MINUTES = 2**62


class Counting:
    """Counts of the rollouts under way, version by version, each caller capped by the policy.

    A request is one unit, however many texts it has. Only those count that the router placed:
    who asks for a version by name is no sample of the callers.
    """

    def __init__(self, loader: Loader, metrics: ServerMetrics, answer_s: float) -> None:
        self.loader = loader
        self.metrics = metrics
        self.answer_s = answer_s
        self.lock = Lock()  # guards the tallies: the event loop, shadow and housekeeper use them
        self.tallies: dict[str, Tally] = {}  # by the salt of the rollout
        self.written: dict[str, WrittenAnswers] = {}  # likewise
        self.spool: dict[tuple[str, int, int, str], list[int]] = {}  # taken and not yet written

    def count(self, done: Done) -> None:
        """Count an answered request."""
        deployed = self.loader.deployed.get(done.asked.name)
        if deployed is None or deployed.row.guarded is None:
            return
        bad = any(
            isinstance(each, Exception) and self.is_ours(each, done.asked)
            for each in done.given.outcomes
        )
        slow = done.seconds > deployed.row.guarded.latency_s
        seen = {"errors": bad, "slow": slow, **self.judge_written(deployed, done)}
        self.add(deployed, done.given.version, int(done.at // 60), done.asked.caller, seen)

    def judge_written(self, deployed: Deployed, done: Done) -> dict[str, bool]:
        """Tell which guards of written texts find an answer bad; none where nothing is written."""
        row = deployed.row
        answers = [each for each in done.given.outcomes if isinstance(each, GenerateAnswer)]
        if not answers or row.guarded is None or GUARDS.isdisjoint(row.guarded.guards):
            return {}
        with self.lock:
            judge = self.written.setdefault(row.salt, WrittenAnswers())
        stable = done.given.version == row.stable.version
        return judge.judge(answers, int(done.at // 60), stable=stable)

    def count_left(self, left: Left) -> None:
        """Count a request that nobody waited for: as slow when it was by then, else not at all."""
        deployed = self.loader.deployed.get(left.asked.name)
        if deployed is None or deployed.row.guarded is None:
            return
        if left.seconds > deployed.row.guarded.latency_s:
            minute = int(left.at // 60)
            self.add(deployed, left.version, minute, left.asked.caller, {"slow": True})

    def count_shadow(self, deployed: Deployed, at: float, *, differs: bool) -> None:
        """Count a comparison of the shadow with stable, whose caller was let through before."""
        shadow = deployed.row.shadow
        if shadow is not None:
            self.add(deployed, shadow.version, int(at // 60), "", {"disagreement": differs})

    def takes_shadow(self, deployed: Deployed, at: float, caller: str) -> bool:
        """Tell whether a caller may count once more in the comparison, and note that it does."""
        row = deployed.row
        if row.shadow is None or row.guarded is None or "disagreement" not in row.guarded.guards:
            return False
        version = row.shadow.version
        seen = Seen(deployed.model, int(at // 60), version, "disagreement", caller, False)
        with self.lock:
            return not caller or self.tally_of(row).has_room(seen, caller)

    def add(
        self, deployed: Deployed, version: int, minute: int, caller: str, seen: dict[str, bool]
    ) -> None:
        """Count one unit of a version for those of the guards that the policy has."""
        row = deployed.row
        if row.guarded is None or row.candidate is None:
            return
        if version not in (row.stable.version, row.candidate.version):
            return
        with self.lock:
            tally = self.tally_of(row)
            for guard, bad in seen.items():
                if guard in row.guarded.guards:
                    tally.add(Seen(deployed.model, minute, version, guard, caller, bad))

    def tally_of(self, row: Deployment) -> Tally:
        """Give the tally of a rollout; a new rollout has a new one."""
        tally = self.tallies.get(row.salt)
        if tally is None:
            assert row.guarded is not None, "only rollouts are counted"
            tally = Tally(row.guarded.per_caller, row.guarded.caller_minutes)
            self.tallies[row.salt] = tally
        return tally

    def is_ours(self, error: Exception, asked: Asked) -> bool:
        """Whether an error is our failure, not the client's: it may have given too little time."""
        if isinstance(error, DeadlineError):
            return asked.timeout_s is None or asked.timeout_s >= self.answer_s
        return not isinstance(error, RequestError | OverloadedError)

    def write(self, keep: Keep, minute: int) -> None:
        """Write the minutes before one, in the housekeeper's thread.

        Raises DatabaseError when the database is away: then they wait, the oldest at most
        ``SPOOL_MINUTES`` minutes back.
        """
        self.collect(minute)
        if not self.spool:
            return
        from textwright.lifecycle.counts import add_counts

        rows = [Counted(*key, *self.spool[key]) for key in sorted(self.spool)]
        try:
            keep.in_transaction(lambda session: add_counts(session, rows))
        except TextwrightError:
            raise
        except Exception:  # such as a version that this database does not have
            self.drop(set(self.spool))
            raise
        self.spool.clear()

    def collect(self, before: int) -> None:
        """Take what is over into the spool: minutes, and rollouts."""
        current = {row.salt for row in self.loader.rows.values() if row.guarded is not None}
        taken: list[Counted] = []
        with self.lock:
            for salt, tally in list(self.tallies.items()):
                over = salt not in current
                taken += tally.take(ALL_MINUTES if over else before)
                if over:
                    del self.tallies[salt]
                    self.written.pop(salt, None)
        for each in taken:
            key = (each.model, each.minute, each.version, each.guard)
            total = self.spool.setdefault(key, [0, 0])
            total[0] += each.n
            total[1] += each.bad
            labels = (each.model, each.version, each.guard)
            self.metrics.units.labels(*labels, "no").inc(each.n - each.bad)
            self.metrics.units.labels(*labels, "yes").inc(each.bad)
        minutes = sorted({key[1] for key in self.spool})[:-SPOOL_MINUTES]
        self.drop({key for key in self.spool if key[1] in minutes})

    def drop(self, keys: set[tuple[str, int, int, str]]) -> None:
        """Give up counts that wait."""
        for key in keys:
            self.metrics.counts_dropped.inc(self.spool.pop(key)[0])
