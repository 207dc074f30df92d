"""How a robot becomes one of the mall's: its key, which stays here, gets a certificate, and it goes to work."""

import random
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clients.mall import Mall
from clients.robot.client import Connected
from clients.robot.files import Files, Identity
from clients.robot.machine import Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan

MQTT_PORT = 8883


def enrol(staff: Mall, bot_id: str, folder: Path) -> Files:
    """A registered robot's files: those that are there, or else a new key and its certificate.

    Raises MallError, 404 for a robot that is not registered.
    """
    files = Files(folder / bot_id)
    if files.identity():
        return files
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, bot_id)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    csr = request.public_bytes(serialization.Encoding.PEM).decode()
    path = f"/api/fleet/robots/{bot_id}/certificate"
    # A robot that was registered just now gets one too: of whom nothing has come yet, the gateway asks the depot. While
    # that does not answer it answers 503, and `post` asks again.
    answer = staff.post(path, {"csr": csr})
    where = urlsplit(f"//{answer['endpoint'].rpartition('//')[2]}")
    identity = Identity(bot_id, where.hostname or "", where.port or MQTT_PORT, answer["topics"])
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files.keep(identity, secret, answer["certificate"], answer["ca"])
    return files


def connected(files: Files, settings: Settings, seed: int | None = None, parking: int = 0) -> Connected:
    """An enrolled robot that goes on from its files; a new one begins at a parking place. Raises BrokenFileError."""
    identity, floor = files.identity(), plan()
    assert identity is not None
    memory = files.memory() or Memory(floor.parking[parking % len(floor.parking)])
    chance = random.Random(None if seed is None else f"{seed}/{identity.bot_id}").random  # nosec B311  # what it finds
    return Connected(Robot(identity.bot_id, memory, settings, floor, chance), identity, files)


def register(staff: Mall, name: str, folder: Path) -> str:
    """Register a robot, and keep its id here, so that an enrolment that fails is made up for. Raises MallError."""
    bot_id: str = staff.post("/api/depot/bots", {"name": name})["id"]
    (folder / bot_id).mkdir(parents=True)
    return bot_id


def registered(folder: Path) -> list[str]:
    """The ids of the robots that have a folder here; those that are not enrolled yet come last."""
    return sorted((own.name for own in folder.glob("*/")), key=lambda bot_id: (not is_enrolled(folder, bot_id), bot_id))


def is_enrolled(folder: Path, bot_id: str) -> bool:
    """Whether a robot has all its files here."""
    return (folder / bot_id / "robot.json").exists()
