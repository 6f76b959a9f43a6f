"""The process's heap, where the C library is glibc; elsewhere it stays as it is.

glibc gives each thread a heap of its own, maps large buffers one by one, and returns what was
freed, so that pages are cleared anew in every batch: docs/decisions.md says what that costs.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

TRIM, MAPPED, ARENAS = -1, -3, -8  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX of malloc.h
KEPT_BYTES = 4 << 20  # of what is free at the end: a batch and its answers
MAPPED_BYTES = 32 << 20  # a buffer that is mapped by itself: no batch is; glibc's own bound, too
LARGEST_BYTES = 1 << 30  # such a buffer while a network learns
EVERYTHING = -1  # that is free at the end


def share_heap() -> bool:
    """Have one heap for all threads, kept small, before there are threads; False without glibc."""
    return set_heap({ARENAS: 1, TRIM: KEPT_BYTES, MAPPED: MAPPED_BYTES})


@contextmanager
def keep_freed() -> Iterator[None]:
    """Keep what is freed for what is asked for next, and give it back at the end.

    For a training, whose every step asks for the same large tensors.
    """
    set_heap({TRIM: EVERYTHING, MAPPED: LARGEST_BYTES})
    try:
        yield
    finally:
        if set_heap({TRIM: 2 * MAPPED_BYTES, MAPPED: MAPPED_BYTES}):  # as glibc sets them itself
            ctypes.CDLL(None).malloc_trim(0)


def set_heap(settings: dict[int, int]) -> bool:
    """Set the heap's parameters by mallopt; False if one of them could not be."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    done = [mallopt(name, value) for name, value in settings.items()]
    return all(done)
