"""What a robot keeps on disk: its key, its certificate, how to reach the broker, and its memory."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from clients.robot.memory import Memory

OF_THIS_PROGRAM = 0o600  # its key is secret


class InUseError(Exception):
    """Another program runs the robots of this folder: two clients with one id would cut each other off."""


class NotSavedError(Exception):
    """The disk does not take what the robot must not forget."""


class BrokenFileError(Exception):
    """A file of a robot is not one that this program reads."""

    def __init__(self, file: Path, why: Exception) -> None:
        first = " ".join(str(why).split("\n")[:3])  # of pydantic: how many, where, and what
        super().__init__(f"{file} cannot be read ({first}). Move it away")


@dataclass(frozen=True)
class Identity:
    """Who the robot is and where it connects: the answer to its certificate request, beside the files."""

    bot_id: str
    host: str
    port: int
    topics: dict[str, str]


class Files:
    """One robot's folder."""

    def __init__(self, folder: Path) -> None:
        self.key = folder / "key.pem"
        self.certificate = folder / "certificate.pem"
        self.ca = folder / "ca.pem"
        self._identity = folder / "robot.json"
        self._memory = folder / "memory.json"

    def identity(self) -> Identity | None:
        """None for a robot that is not enrolled, or only half. Raises BrokenFileError."""
        found = _read(self._identity)
        try:
            return Identity(**json.loads(found)) if found is not None else None
        except (ValueError, TypeError) as error:
            raise BrokenFileError(self._identity, error) from error

    def keep(self, identity: Identity, key: bytes, certificate: str, ca: str) -> None:
        """Keep an enrolment; the identity comes last, so that half of one does not count."""
        for file, content in ((self.key, key), (self.certificate, certificate.encode()), (self.ca, ca.encode())):
            write(file, content)
        write(self._identity, json.dumps(asdict(identity)).encode())

    def memory(self) -> Memory | None:
        """What the robot knew when it was last saved. Raises BrokenFileError."""
        found = _read(self._memory)
        try:
            return Memory.from_json(found) if found is not None else None
        except ValueError as error:
            raise BrokenFileError(self._memory, error) from error

    def save(self, memory: Memory) -> None:
        """Raises NotSavedError."""
        try:
            write(self._memory, memory.to_json())
        except OSError as error:
            raise NotSavedError(str(error)) from error


def write(file: Path, content: bytes) -> None:
    """Replace a file as a whole: after a crash or a power cut there is the old content or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    other = file.with_suffix(".new")
    with open(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OF_THIS_PROGRAM), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    other.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # or a power cut may undo the renaming (fsync(2))
    finally:
        os.close(folder)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other programs from running the same robots. Raises InUseError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUseError(f"another program runs the robots of {folder}") from None
        yield


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BrokenFileError(file, error) from error
