"""One heap for all threads of a server."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from pathlib import Path
from threading import Barrier, Thread
from textwright.serving.heap import share_heap

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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has such heaps")
def test_threads_share_one_heap_where_they_would_have_several() -> None:
    assert count_heaps("shared") == 1
    assert count_heaps("as it is") > 1
