"""The engine of the local cloud as a process: start it, find it again, stop it, and never touch another process."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = "infra.local.engine.launch"
HOST = "127.0.0.1"
REGION = "eu-west-1"
MQTT_OFFSET = 8883 - 4566
"""From an engine's port to that of its MQTT broker: a mall on the usual port has the usual port of MQTT over TLS."""
HIGHEST_PORT = 65_535

BUNDLES = "bundles"  # of functions, unpacked (engine/patches/bundles.py)

READY_WITHIN_SECONDS = 60
STOPPED_WITHIN_SECONDS = 60
# The environment variables of the starting process that the engine, and so the functions' processes, inherit.
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "SYSTEMROOT")


class LocalCloudError(Exception):
    """The local cloud cannot do what was requested; the message says why, and what to do."""


@dataclass
class Engine:
    """One engine: a port of the loopback interface and the folder of its state.

    Raises:
        LocalCloudError: the state belongs to another port, or the port leaves none for MQTT.
    """

    port: int
    state: Path
    settings: dict[str, str] = field(default_factory=dict)
    """Further environment variables of the engine, such as `AUTOSAVE_SECONDS`."""
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.state = self.state.resolve()
        other = self._recorded().get("port")
        if other is not None and other != self.port:
            # Queue URLs, which hold the port, are part of the state and of the functions' variables.
            raise LocalCloudError(
                f"the state in {self.state} was created on port {other}: use PORT={other}, or another STATE"
            )
        if self.mqtt_port > HIGHEST_PORT:
            raise LocalCloudError(
                f"port {self.port} leaves none for MQTT, which needs the one {MQTT_OFFSET} above it: "
                f"use PORT={HIGHEST_PORT - MQTT_OFFSET} at most"
            )

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def mqtt_port(self) -> int:
        """Where the broker answers robots, by MQTT over TLS, on the same interface."""
        return int(self.settings.get("IOT_MTLS_PORT") or self.port + MQTT_OFFSET)

    @property
    def log(self) -> Path:
        return self.state / "engine.log"

    @property
    def record(self) -> Path:
        """The file with the process id, and the port that the state belongs to."""
        return self.state / "engine.json"

    def start(self) -> None:
        """Start the engine, in a session of its own, and wait until it answers; one that already runs is kept.

        Raises:
            LocalCloudError: the port is in use, or the engine does not start.
        """
        if self.is_running():
            return
        self._check_ports()
        interpreter = ROOT / ".engine" / "bin" / "python"
        if not interpreter.exists():
            raise LocalCloudError("the local cloud is not installed: run make install")
        temporary = self.state / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        for left in temporary.iterdir():  # by an engine that was killed; unpacked bundles are used again
            if left.name != BUNDLES:
                shutil.rmtree(left, ignore_errors=True)
        with self.log.open("ab") as log:
            # `pid` identifies the process by the state folder in its command line; the launcher does not read it.
            self._child = subprocess.Popen(
                [interpreter, "-m", LAUNCHER, "--state", str(self.state)],
                cwd=ROOT,
                env=self._environment(temporary),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.record.write_text(json.dumps({"pid": self._child.pid, "port": self.port}) + "\n")
        self._wait_until_ready(self._child)

    def stop(self) -> bool:
        """Stop the engine gracefully, which saves its state. Returns whether it was running.

        Raises:
            LocalCloudError: it did not end in time. It is not killed, since it may be saving.
        """
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOPPED_WITHIN_SECONDS
        while self.pid() is not None or is_alive(pid):
            if time.monotonic() > deadline:
                raise LocalCloudError(f"the engine (process {pid}) did not stop; its log is {self.log}")
            time.sleep(0.05)
        return True

    def kill(self) -> None:
        """Kill the engine without a save, for tests of what survives a crash."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            while self.pid() is not None or is_alive(pid):
                time.sleep(0.01)

    def is_running(self) -> bool:
        return self.pid() is not None

    def pid(self) -> int | None:
        """The process id of this state's engine, if it runs.

        The recorded id alone proves nothing, since the operating system reuses ids: the process must be a launcher of
        this state.
        """
        if self._child is not None:
            if self._child.poll() is None:
                return self._child.pid
            self._child = None
        recorded = self._recorded().get("pid")
        if recorded is None:
            return None
        command = command_of(recorded)
        return recorded if LAUNCHER in command and str(self.state) in command else None

    def cpu_seconds(self) -> float | None:
        """The CPU time that the engine and the functions' processes have used; None where there is no /proc."""
        pid = self.pid()
        if pid is None or not Path("/proc/self/stat").exists():
            return None
        processes: dict[int, list[str]] = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit():
                    processes[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
        family = {pid}
        while more := {child for child, fields in processes.items() if int(fields[1]) in family} - family:
            family |= more
        # utime, stime, and those of children that ended: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        ticks = sum(int(used) for member in family if member in processes for used in processes[member][11:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def is_ready(self) -> bool:
        """Whether it answers, and not another program on its port (engine/patches/health.py)."""
        pid = self.pid()
        if pid is None:
            return False
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", "/_ministack/health")
            return bool(json.loads(connection.getresponse().read())["pid"] == pid)
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
            return False
        finally:
            connection.close()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _check_ports(self) -> None:
        for port, purpose in ((self.port, ""), (self.mqtt_port, f", for the MQTT of PORT={self.port},")):
            if not is_free(port):
                raise LocalCloudError(
                    f"port {port}{purpose} is in use by another program: stop that, or choose another port "
                    f"(PORT={self.port + 1}, with a STATE of its own)"
                )

    def _environment(self, temporary: Path) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return inherited | {
            # The engine's default is all interfaces.
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.state / "engine"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.state / "objects"),
            "TMPDIR": str(temporary),
            # Each function calls with the credentials of its own role, and what the role is not granted is refused.
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "1",
            "IOT_MTLS_PORT": str(self.mqtt_port),
            # A listener that is not used.
            "SFTP_ENABLED": "0",
            "LAMBDA_WARM_TTL_SECONDS": "300",
            # Invocations wait for a worker here (patches/workers.py), where in AWS they run at once. Those that wait
            # must not count as running, or many sockets that end together make it refuse requests.
            "LAMBDA_ACCOUNT_CONCURRENCY": "0",
            "PYTHONUNBUFFERED": "1",
            "TZ": "UTC",
            **self.settings,
        }

    def _wait_until_ready(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not self.is_ready():
            code = child.poll()
            if code is not None or time.monotonic() > deadline:
                problem = "did not answer in time" if code is None else f"ended with code {code}"
                self.stop()
                raise LocalCloudError(f"the engine {problem}; the end of {self.log}:\n{self.log_tail()}")
            time.sleep(0.05)

    def _recorded(self) -> dict[str, int]:
        with contextlib.suppress(OSError, ValueError):
            record: dict[str, int] = json.loads(self.record.read_text())
            return record
        return {}


def is_free(port: int) -> bool:
    """Whether a program could listen on a port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that is not in use, as is the one of its MQTT broker."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port + MQTT_OFFSET <= HIGHEST_PORT and is_free(port + MQTT_OFFSET):
            return port


def is_alive(pid: int) -> bool:
    """Whether a process still holds resources such as its port.

    Its command line disappears with its first thread; the others may end a moment later.
    """
    if not Path("/proc/self/stat").exists():
        return bool(command_of(pid))
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        state, threads = fields[0], int(fields[17])
        return state not in "ZX" or threads > 1
    return False


def command_of(pid: int) -> str:
    """The command line of a process; empty when there is no such process, or only a zombie."""
    proc = Path("/proc")
    if (proc / "self" / "cmdline").exists():
        with contextlib.suppress(OSError):
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    listing = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(listing, capture_output=True, text=True, check=False).stdout
