"""The demo's own certificate authority, and three certificates: a good one and two bad ones."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA, LEAF, EXPIRED, WRONG_NAME = "ca.pem", "leaf.pem", "expired.pem", "wrong-name.pem"
_YEARS = timedelta(days=3650)
_LOOPBACK = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


def prepare(folder: Path, *, now: datetime | None = None) -> None:
    """Write `ca.pem`, and a leaf with its key in each of the others, unless all are there.

    The authority's key is forgotten: nobody can ever make a further certificate that the probes
    of this demo trust. So all four are made together.
    """
    if all((folder / name).exists() for name in (CA, LEAF, EXPIRED, WRONG_NAME)):
        return
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    begins = now - timedelta(days=60)
    authority = _authority(key, begins, now + _YEARS)
    elsewhere = (x509.DNSName("elsewhere.gov.example"),)
    leaves = {
        LEAF: _leaf(authority, key, _LOOPBACK, begins, now + _YEARS),
        EXPIRED: _leaf(authority, key, _LOOPBACK, begins, now - timedelta(days=1)),
        WRONG_NAME: _leaf(authority, key, elsewhere, begins, now + _YEARS),
    }
    for name, pem in leaves.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(pem)
    (folder / CA).write_bytes(authority.public_bytes(serialization.Encoding.PEM))


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _authority(
    key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.Certificate:
    name = _named("Demo nation, not a real authority")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    names: tuple[x509.GeneralName, ...],
    begins: datetime,
    ends: datetime,
) -> bytes:
    """A server's certificate and its key, as one PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_named("Endpoint of the demo nation"))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
