"""Where a command acts: on the database itself, or through the server TEXTWRIGHT_SERVER names.

Both ways do the same operation of the control API and give the same answer.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textwright.cli.output import note
from textwright.errors import UsageError
from textwright.lifecycle.pointer import VIEWS

if TYPE_CHECKING:
    from textwright.serving.control.operations import Operation
    from textwright.serving.control.wire import Prospect


def perform(
    operation: "Operation",
    *names: str,
    given: Any = None,
    foreseen: "Callable[[Prospect], None] | None" = None,
) -> Any:
    """Do an operation; gives its answer, of the type that the operation declares.

    names, given: as in ``Order``.
    foreseen:     told what a rollout's guards are good for; on the database itself before it
                  begins.
    Raises what the operation raises, and RemoteError.
    """
    from textwright.settings import find_server

    server = find_server()
    if server is None:
        return perform_here(operation, names, given, foreseen)
    from textwright.cli.client import ask_server

    if server.is_readable_on_the_way:
        note("The key travels unencrypted: let the server have a certificate.")
    done = ask_server(server, operation, names, given)
    if foreseen is not None and getattr(done, "detection", None) is not None:
        from textwright.serving.control.wire import Prospect

        foreseen(Prospect(done.detection, done.terms))
    return done


def perform_here(
    operation: "Operation",
    names: tuple[str, ...],
    given: Any,
    foreseen: "Callable[[Prospect], None] | None",
) -> Any:
    """Do an operation on the database itself, as whoever runs this process."""
    from dataclasses import replace

    from textwright.lifecycle.admission import DIRECT
    from textwright.machine import current_user
    from textwright.serving.control.operations import Order, find_function
    from textwright.workflow.opening import open_keep

    with open_keep() as keep:
        order = Order(current_user(), DIRECT, names, given, keep.store.folder)
        if operation.prepare:
            with keep.sessions() as session:
                prepared = find_function(operation.prepare)(session, order)
            if foreseen is not None and prepared is not None:
                foreseen(prepared)
            order = replace(order, prepared=prepared)
        work = find_function(operation.work)
        with keep.sessions.begin() if operation.writes else keep.sessions() as session:
            return work(session, order)


def table_of(answer: Any) -> Any:
    """Give an answer as plain values, its times as they are."""
    from datetime import datetime

    import msgspec

    return msgspec.to_builtins(answer, builtin_types=(datetime,))


def split_version(reference: str) -> tuple[str, str]:
    """Split ``intents@3`` into model and number or view; raises UsageError for anything else."""
    model, _, wanted = reference.partition("@")
    if not model or not wanted:
        raise UsageError(
            f"{reference!r} names no version.",
            f"Write {model}@3, {', '.join(f'{model}@{view}' for view in VIEWS)}.",
        )
    return model, wanted
