"""A certificate for https on 127.0.0.1, and the list of authorities that makes clients trust it."""

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Certificate:
    """Files: the certificate, its key, and a bundle for REQUESTS_CA_BUNDLE (the system's authorities and it)."""

    certificate: Path
    key: Path
    bundle: Path


def ensure_certificate(folder: Path) -> Certificate:
    """A self-signed certificate for 127.0.0.1 and localhost in `folder`; the one there is kept while it is good."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(folder / "certificate.pem", folder / "key.pem", folder / "authorities.pem")
    if not _good(made):
        _make(made)
    made.bundle.write_text("\n".join([*_system_authorities(), made.certificate.read_text()]))
    return made


def _good(made: Certificate) -> bool:
    if not made.certificate.exists() or not made.key.exists():
        return False
    end = x509.load_pem_x509_certificate(made.certificate.read_bytes()).not_valid_after_utc
    return end - datetime.now(UTC) > _RENEW_BEFORE


def _make(made: Certificate) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made.key.touch(mode=0o600)
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    made.certificate.write_bytes(_sign(key).public_bytes(serialization.Encoding.PEM))


def _sign(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Batchdrop local services")])
    hosts = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        # Its own authority, as there is no other: clients that check strictly want both of these.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _system_authorities() -> list[str]:
    """What clients trust here today: REQUESTS_CA_BUNDLE replaces the list, so it must hold these too."""
    files = (os.environ.get("REQUESTS_CA_BUNDLE"), ssl.get_default_verify_paths().cafile, certifi.where())
    found: dict[str, None] = {}
    for name in files:
        if name and Path(name).is_file():
            found.update(dict.fromkeys(_PEM.findall(Path(name).read_text(encoding="utf-8", errors="replace"))))
    return list(found)
