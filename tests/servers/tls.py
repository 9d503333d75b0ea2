"""TLS in front of what speaks none: a door that lets plain connections pass too, and an authority that made its certificate."""

import datetime
import ipaddress
import socket
import ssl
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_FIRST_BYTE_OF_TLS = b"\x16"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 that is its own authority; returns its file and that of its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    return folder / "certificate.pem", folder / "key.pem"


class Door:
    """Listens on `port` and leads to another; `secured` counts the connections that spoke TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.secured = 0

    def lead_to(self, port: int) -> "Door":
        """Let in whoever comes, from now on."""
        threading.Thread(target=self._accept, args=(port,), daemon=True).start()
        return self

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.close()

    def _accept(self, port: int) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(connection, port), daemon=True).start()

    def _pass(self, connection: socket.socket, port: int) -> None:
        with suppress(OSError):
            if connection.recv(1, socket.MSG_PEEK) == _FIRST_BYTE_OF_TLS:
                connection = self._context.wrap_socket(connection, server_side=True)
                self.secured += 1
            behind = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_pump, args=(behind, connection), daemon=True).start()
            _pump(connection, behind)


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until one end is closed, then close both."""
    with suppress(OSError), source, target:
        while data := source.recv(1 << 16):
            target.sendall(data)


def server_context() -> tuple[ssl.SSLContext, Path]:
    """Return what a door speaks TLS with, and the file of the authority to believe."""
    authority, key = certificate(Path(tempfile.mkdtemp(prefix="pollux-tls-")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    return context, authority
