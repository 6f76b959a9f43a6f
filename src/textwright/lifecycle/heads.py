"""Signed heads of the journal: kept elsewhere, they show a journal that was cut off or rewritten.

The key (Ed25519, RFC 8032) lies in a file outside the database: whoever can write the database
alone cannot sign another head. A head is one line of JSON.
"""

import base64
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.errors import RefusedError, SettingsError, UsageError
from textwright.lifecycle.journal import GENESIS
from textwright.lifecycle.tables import Event, Head, utc_now
from textwright.manifest import canonical_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "head.key"  # in the home folder, unless another is named


@dataclass(frozen=True)
class SignedHead:
    """The newest event at a time, and the signature over the other fields.

    key: the public key, in base64; it must be the one that was trusted from the beginning.
    """

    sequence: int
    hash: str
    at: str
    key: str
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """Give what the signature is over."""
        return canonical_json({**asdict(self), "signature": ""})


def sign_head(session: Session, key_file: Path) -> SignedHead:
    """Sign the journal's head; the key is made, readable by its owner alone, if there is none.

    Raises SettingsError when the file is no such key, or others may read it.
    """
    key = read_key(key_file) if key_file.exists() else make_key(key_file)
    row = session.execute(select(Head.sequence, Head.hash)).one()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    at = utc_now().isoformat(timespec="seconds")
    unsigned = SignedHead(row.sequence, row.hash, at, public)
    signature = base64.b64encode(key.sign(unsigned.signed_bytes())).decode()
    return SignedHead(row.sequence, row.hash, at, public, signature)


def make_key(path: Path) -> "Ed25519PrivateKey":
    """Make a key and keep it in a new file that only its owner may read."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SettingsError(
            f"The key {path} cannot be written: {error.strerror}.", "Name another file."
        ) from error
    with open(descriptor, "wb") as file:
        file.write(base64.b64encode(key.private_bytes_raw()) + b"\n")
        file.flush()
        os.fsync(descriptor)
    return key


def read_key(path: Path) -> "Ed25519PrivateKey":
    """Read a key; raises SettingsError for a file that is none, or that others may read."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"Others may read the key {path}.", f"Run: chmod 600 {path}")
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path} is no key to sign with: {error}.", "Restore it, or name another file."
        ) from error


def write_head(head: SignedHead) -> str:
    """Write a signed head as one line of JSON."""
    return json.dumps(asdict(head), sort_keys=True)


def read_head(text: str) -> SignedHead:
    """Read a signed head and check its signature.

    Raises UsageError for a text that is none, RefusedError when the signature does not fit.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        head = SignedHead(**json.loads(text))
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(head.key))
        signature = base64.b64decode(head.signature)
        signed = head.signed_bytes()
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(
            f"This is no signed head: {error}.",
            "Give a line that `textwright verify --head` wrote.",
        ) from error
    try:
        public.verify(signature, signed)
    except InvalidSignature as error:
        raise RefusedError(
            "The signature of this head does not fit.", "It was changed; use another copy."
        ) from error
    return head


def compare_head(session: Session, kept: SignedHead, *, key: str | None = None) -> list[str]:
    """Find whether the journal still holds what it held when a head was signed.

    key: the public key that must have signed; None: any.
    Gives a sentence for what is wrong; together with ``check_chain``, an empty list means that
    every event up to the kept head is there as it was.
    """
    problems = []
    if key is not None and kept.key != key:
        problems.append("The kept head was signed with another key.")
    newest = session.scalar(select(Head.sequence))
    found = session.scalar(select(Event.hash).where(Event.sequence == kept.sequence))
    found = GENESIS if kept.sequence == 0 else found
    if newest is None or newest < kept.sequence or found is None:
        problems.append(
            f"The journal was cut off: it ends at event {newest or 0}, and a head of "
            f"{kept.at} names event {kept.sequence}."
        )
    elif found != kept.hash:
        problems.append(
            f"The journal was rewritten: event {kept.sequence} is not what it was at {kept.at}."
        )
    return problems
