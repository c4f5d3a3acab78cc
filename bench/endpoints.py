"""What the bench probes: real TLS on many addresses of loopback, in a process of its own.

`python -m bench.endpoints FOLDER PORT` answers every request with a small page, and tells nothing
at all (but takes the connection) while the file FOLDER/silent is there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
import resource
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = 50
PORT = 8443
PAGE = (
    "<!doctype html><html lang=ar dir=rtl><title>خدمة</title><h1>تسجيل الدخول</h1>"
    + "<p>نموذج الخدمة الإلكترونية.</p>" * 40
).encode()
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n" % len(PAGE)
) + PAGE
_PEM, AUTHORITY = "endpoints.pem", "endpoints-ca.pem"


def host(number: int) -> str:
    """The host that the check with this number knocks at."""
    return f"127.0.1.{1 + number % HOSTS}"


def certificate(folder: Path) -> Path:
    """Make one certificate for all hosts, and return the authority's file that vouches for it."""
    now = dt.datetime.now(dt.UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    hosts = [x509.IPAddress(ipaddress.ip_address(host(number))) for number in range(HOSTS)]
    days = dt.timedelta(days=90)

    def begun(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - days)
            .not_valid_after(now + days)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
        )

    authority = (
        begun(name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "services")]), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    ) + leaf.public_bytes(serialization.Encoding.PEM)
    handle = os.open(folder / _PEM, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(pem)
    (folder / AUTHORITY).write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return folder / AUTHORITY


async def _serve(folder: Path, port: int) -> None:
    silent = folder / "silent"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await reader.readuntil(b"\r\n\r\n")
            if silent.exists():
                # Until whoever asks has had enough.
                await reader.read()
            else:
                writer.write(_ANSWER)
                await writer.drain()
        writer.close()

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / _PEM)
    server = await asyncio.start_server(answer, "0.0.0.0", port, ssl=tls, backlog=4096)
    async with server:
        await server.serve_forever()


@contextmanager
def answering(folder: Path, *, port: int = PORT) -> Iterator[Path]:
    """The endpoints while the block runs; the file whose presence makes all of them silent."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.endpoints", str(folder), str(port)],
        cwd=Path(__file__).resolve().parents[1],
    )
    try:
        _wait_until_open(process, port)
        yield folder / "silent"
    finally:
        process.terminate()
        process.wait()


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    async def knock() -> None:
        _reader, writer = await asyncio.open_connection(host(0), port)
        writer.close()

    until = time.monotonic() + 20
    while True:
        try:
            asyncio.run(knock())
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
