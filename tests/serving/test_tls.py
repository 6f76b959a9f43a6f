"""TLS from certificate files, made for the test."""

import http.client
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.serving.running import QUICK, Shelf, running_one, wait_until
from textwright.errors import SettingsError
from textwright.lifecycle.tables import utc_now
from textwright.serving.limits import HttpLimits
from textwright.serving.options import Options
from textwright.serving.server import Server
from textwright.serving.tls import make_context


def make_certificate(folder: Path, *, password: bytes | None = None) -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "textwright")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kept = serialization.BestAvailableEncryption(password) if password else None
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            kept or serialization.NoEncryption(),
        )
    )
    return certificate, private


def test_a_client_that_trusts_the_certificate_is_answered(shelf: Shelf, tmp_path: Path) -> None:
    shelf.deploy("intents", 1)
    certificate, private = make_certificate(tmp_path / "tls")
    limits = replace(QUICK, http=HttpLimits(head_s=0.3, tick_s=0.05))
    options = Options(port=0, limits=limits, certificate=certificate, private_key=private)
    with running_one(lambda: Server(shelf.source(), options)) as running:
        trusting = ssl.create_default_context(cafile=str(certificate))
        connection = http.client.HTTPSConnection("127.0.0.1", running.port, context=trusting)
        body = '{"inputs": ["rain"]}'
        for _ in range(2):
            connection.request(
                "POST", "/api/v1/models/intents/predict", body, {"Content-Type": "application/json"}
            )
            assert connection.getresponse().read().startswith(b'{"model":"intents"')
        connection.close()

        doubting = http.client.HTTPSConnection("127.0.0.1", running.port)
        with pytest.raises(ssl.SSLCertVerificationError):
            doubting.connect()
        doubting.close()
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as plain:
            plain.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not plain.recv(100).startswith(b"HTTP")
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as silent:
            assert silent.recv(100) == b""  # a handshake that never comes is not waited for
        wait_until(lambda: not running.server.http.connections)


def test_without_files_there_is_no_tls() -> None:
    assert make_context(None, None) is None


def test_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    certificate, private = make_certificate(tmp_path / "one")
    _, other = make_certificate(tmp_path / "two")
    _, locked = make_certificate(tmp_path / "three", password=b"secret")
    wrong = [
        (certificate, None), (None, private), (certificate, other), (certificate, locked),
        (private, private), (tmp_path / "missing", private),
    ]  # fmt: skip
    for given in wrong:
        with pytest.raises(SettingsError):
            make_context(*given)


def test_old_protocols_are_refused(tmp_path: Path) -> None:
    context = make_context(*make_certificate(tmp_path))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
