"""One `make up` of a state at a time: two would remove each other's files, and record the engine that ended."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.process import LocalCloudError


@contextmanager
def alone_in(state: Path) -> Iterator[None]:
    """Keep other processes from starting or deploying to the cloud of a state folder.

    Raises:
        LocalCloudError: another does so now.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalCloudError(
                f"another process starts or deploys to the local cloud of {state}: wait until it has ended, "
                f"or use another STATE and PORT"
            ) from None
        yield
