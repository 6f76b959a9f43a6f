"""One heap for all threads of a server; memory kept while a network learns."""

import platform
import subprocess
import sys

import pytest

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has such heaps")

SCRIPT = """
import sys
from pathlib import Path
from threading import Barrier, Thread
from textwright.heap import share_heap

def count_heaps() -> int:
    import ctypes, tempfile
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    with tempfile.NamedTemporaryFile() as file:
        stream = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
        libc.malloc_info(0, stream)
        libc.fclose(stream)
        return Path(file.name).read_text().count("<heap nr=")

if sys.argv[1] == "shared":
    assert share_heap()
gate = Barrier(9)

def work() -> None:
    kept = [bytes(1000 + n) for n in range(1000)]
    gate.wait()
    gate.wait()
    del kept

threads = [Thread(target=work) for _ in range(8)]
for each in threads:
    each.start()
gate.wait()
print(count_heaps())
gate.wait()
for each in threads:
    each.join()
"""


def count_heaps(way: str) -> int:
    """Heaps of a process in which eight threads hold memory."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, way], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


@GLIBC
def test_threads_share_one_heap_where_they_would_have_several() -> None:
    assert count_heaps("shared") == 1
    assert count_heaps("as it is") > 1


KEEPING = """
import resource, sys
from contextlib import nullcontext
from pathlib import Path
from textwright.heap import keep_freed

def cleared() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt * resource.getpagesize()

def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

begun, room = resident(), 64 << 20
with keep_freed() if sys.argv[1] == "kept" else nullcontext():
    before = cleared()
    for _ in range(10):
        b"x" * room
    print(round((cleared() - before) / room), end=" ")
print(round((resident() - begun) / room))
"""


@GLIBC
@pytest.mark.parametrize(("way", "cleared"), [("kept", 1), ("as it is", 10)])
def test_memory_is_cleared_once_while_it_is_kept_and_given_back(way: str, cleared: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KEEPING, way], check=True, capture_output=True, text=True
    )

    assert [int(each) for each in done.stdout.split()] == [cleared, 0]
