"""A plain numba loop on so many threads: what this machine gives a second one at best."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

NUMBERS = 4096  # float32: they stay in a core's first cache
PASSES = 1_000_000


@njit(nogil=True, fastmath=True)
def work(numbers: NDArray[np.float32], passes: int) -> float:
    """Multiply and add, over and over."""
    total = np.float32(0)
    for each in range(passes):
        factor = np.float32(each)
        for place in range(len(numbers)):
            total += numbers[place] * factor
    return float(total)


def main() -> None:
    """Run the loop on every thread; prints passes a second, of all threads together."""
    threads = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["threads"]
    parts = [np.ones(NUMBERS, np.float32) for _ in range(threads)]
    work(parts[0], 1)
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(lambda numbers: work(numbers, PASSES), parts))
        seconds = time.perf_counter() - start
    print(json.dumps({"rate": PASSES * threads / seconds}))


if __name__ == "__main__":
    main()
