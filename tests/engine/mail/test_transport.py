"""Protection on the way: certificates are checked, before a password or a text is sent."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.mail import transport
from engine.mail.settings import Security, Server
from engine.mail.transport import NotSent, Uncertain
from tests.crash.product import free_port
from tests.engine.mail.conftest import Post, authenticator

MAIL = EmailMessage()
MAIL["Subject"] = "Un"
MAIL.set_content("Un.\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of ``localhost``, by itself; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def serving(certificate: Path, security: Security) -> Iterator[Post]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    post = Post(port=free_port())
    options: dict[str, Any] = {
        "hostname": "127.0.0.1",
        "port": post.port,
        "authenticator": authenticator,
        "ready_timeout": 60,
    }
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    else:
        options |= {"ssl_context": context, "auth_require_tls": False}
    controller = Controller(post, **options)
    # its own first call would not trust the certificate either
    knock = socket.create_connection
    controller._trigger_server = lambda: knock(("127.0.0.1", post.port), 5).close()  # type: ignore[method-assign]
    controller.start()
    yield post
    controller.stop()


def server(port: int, security: Security, login: str = "house") -> Server:
    return Server(
        host="localhost",
        port=port,
        security=security,
        login=login,
        password=None,
        sender_name="P",
        sender_address="a@prost.example",
        reply_to="",
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_is_checked_before_anything_is_said(
    certificate: Path, security: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(certificate, security) as post:
        with pytest.raises(NotSent, match="mail_server_unreachable") as refused:
            transport.send(server(post.port, security), "open sesame", MAIL, "a@prost.example", "b@prost.example")
        assert "CERTIFICATE_VERIFY_FAILED" in refused.value.said
        assert (post.taken, refused.value.is_final) == ([], False)

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        said = transport.send(server(post.port, security), "open sesame", MAIL, "a@prost.example", "b@prost.example")
        assert (said, len(post.taken)) == ("250 Taken", 1)


def test_a_server_without_starttls_gets_no_password(post: Post) -> None:
    with pytest.raises(NotSent, match="mail_server_unreachable"):
        transport.send(server(post.port, "starttls"), "open sesame", MAIL, "a@prost.example", "b@prost.example")
    assert post.taken == []


def test_a_connection_that_breaks_after_the_text_is_uncertain(monkeypatch: pytest.MonkeyPatch, post: Post) -> None:
    def cut(self: smtplib.SMTP, _text: bytes) -> tuple[int, bytes]:
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(smtplib.SMTP, "data", cut)
    with pytest.raises(Uncertain):
        transport.send(server(post.port, "none", login=""), "", MAIL, "a@prost.example", "b@prost.example")
