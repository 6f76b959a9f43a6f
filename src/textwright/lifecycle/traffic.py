"""Who is answered by the candidate: the same callers each time, and never fewer as it grows.

A caller's place in [0, 1) is a keyed hash of model, salt and caller; the candidate answers the
places below its share. The salt is the key, so that nobody outside can choose a place, and
changes with each rollout, so that the risk does not always fall on the same callers.
"""

import hashlib
import secrets
from random import random

PLACES = 2**53  # as many as a float tells apart below 1
KEY_BYTES = 64  # longest key of BLAKE2b


def new_salt() -> str:
    """Draw a salt for a rollout: 128 random bits in hex."""
    return secrets.token_hex(16)


def place_of(model: str, salt: str, caller: str | None) -> float:
    """Give a caller's place from 0 up to, but never, 1; without a caller it is drawn anew.

    Source of the keyed hash: Saarinen and Aumasson 2015 (RFC 7693), section 2.9.
    """
    if not caller:
        return random()  # no secret: who asks without a name may ask again at will
    key = hashlib.blake2b(salt.encode("utf-8"), digest_size=KEY_BYTES).digest()
    text = f"{model}\0{caller}".encode("utf-8", "surrogatepass")  # a name has no zero byte
    digest = hashlib.blake2b(text, key=key, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / PLACES  # 64 bits to 53


def goes_to_candidate(model: str, salt: str, share: float, caller: str | None) -> bool:
    """Tell whether the candidate answers a caller.

    share: of callers, 0 (nobody) to 1 (everybody).
    """
    return place_of(model, salt, caller) < share
