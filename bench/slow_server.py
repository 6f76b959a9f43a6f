"""Textwright with a network slowed to SLOW_RATE texts a second, and an objective of 250 ms.

A network that only sleeps leaves the processor to server and generator: what is measured under
overload is then how the server decides, not how fast the machine is.
"""

import os
import sys
import time
from collections.abc import Sequence
from threading import Lock

from textwright.runtime.answer import Answerer, Outputs
from textwright.serving.limits import BatchLimits, Limits
from textwright.serving.options import Options
from textwright.serving.server import run_server
from textwright.settings import find_settings
from textwright.text.batch import Encoding

OBJECTIVE_S = 0.25
run = Answerer.run


class Line:
    """One place where batches are run, one after another in the order in which they came."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.free = 0.0

    def enter(self, seconds: float) -> float:
        """Join the line; gives when the batch is done."""
        with self.lock:
            self.free = max(self.free, time.monotonic()) + seconds
            return self.free


line = Line()


def run_slowly(self: Answerer, encodings: Sequence[Encoding]) -> Outputs:
    """Run a batch, no faster than the rate; the interpreter is free meanwhile."""
    end = line.enter(len(encodings) / float(os.environ["SLOW_RATE"]))
    outputs = run(self, encodings)
    time.sleep(max(0.0, end - time.monotonic()))
    return outputs


def main() -> None:
    """Serve on the port that stands last among the arguments."""
    Answerer.run = run_slowly  # type: ignore[method-assign]
    limits = Limits(batch=BatchLimits(objective_s=OBJECTIVE_S))
    run_server(find_settings(), Options(port=int(sys.argv[-1]), limits=limits))


if __name__ == "__main__":
    main()
