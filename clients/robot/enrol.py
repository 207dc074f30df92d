"""How a robot becomes one of the mall's: staff register it, and its key, which nobody else sees, gets a certificate."""

from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clients.mall import Mall
from clients.robot.files import Files, Identity

MQTT_PORT = 8883


def enrol(staff: Mall, bot_id: str, folder: Path) -> Files:
    """A registered robot's files: those that are there, or else a new key and its certificate. Raises MallError."""
    files = Files(folder / bot_id)
    if files.identity():
        return files
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, bot_id)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    csr = request.public_bytes(serialization.Encoding.PEM).decode()
    answer = staff.post(f"/api/fleet/robots/{bot_id}/certificate", {"csr": csr})
    where = urlsplit(f"//{answer['endpoint'].rpartition('//')[2]}")
    identity = Identity(bot_id, where.hostname or "", where.port or MQTT_PORT, answer["topics"])
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files.keep(identity, secret, answer["certificate"], answer["ca"])
    return files


def enrolled(folder: Path) -> list[str]:
    """The ids of the robots that have files here."""
    return sorted(file.parent.name for file in folder.glob("*/robot.json"))
