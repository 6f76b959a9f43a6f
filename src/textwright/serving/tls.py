"""Encryption of the connections, from certificate files."""

import ssl
from pathlib import Path

from textwright.errors import SettingsError


def make_context(certificate: Path | None, private_key: Path | None) -> ssl.SSLContext | None:
    """Read the files of a server's certificate; None when there are none.

    certificate: with those that sign it, in PEM. private_key: likewise, without a password.
    Raises SettingsError for one without the other, or files that cannot be used.
    """
    if certificate is None and private_key is None:
        return None
    if certificate is None or private_key is None:
        raise SettingsError(
            "A certificate needs its private key, and the key its certificate.",
            "Give both --certificate and --private-key.",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, private_key, password=refuse_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(
            f"{certificate} and {private_key} cannot be used for TLS: {error}.",
            "Give two files in PEM that belong together, the key without a password.",
        ) from error
    return context


def refuse_password() -> str:
    """Refuse to ask for a password on the terminal, as OpenSSL would."""
    raise ValueError("the key has a password")
