"""How threads that share a computation wait for each other."""

import os


def let_threads_sleep() -> None:
    """Have a thread that waits sleep, unless the environment says otherwise.

    To be called before torch is first imported, which reads it then. Spinning threads made two of
    them seven times slower than one on a busy machine.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
