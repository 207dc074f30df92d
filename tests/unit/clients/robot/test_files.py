"""What a robot keeps on disk outlasts a power cut, and a file that is broken costs no other robot its work."""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.mall import Mall, MallError
from clients.robot import __main__ as program
from clients.robot.client import Connected
from clients.robot.enrol import connected, enrol, is_enrolled
from clients.robot.files import Files, Identity, InUseError, alone_in, write
from clients.robot.memory import Memory
from tests.unit.clients.robot.program import QUICK


def test_two_programs_do_not_run_the_same_robots(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(InUseError), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        pass


def test_a_robots_files_are_not_readable_by_others_and_half_an_enrolment_does_not_count(tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert files.identity() is None
    files.keep(Identity("bot", "host", 1, {}), b"key", "certificate", "ca")
    assert files.identity() == Identity("bot", "host", 1, {})
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_a_new_robot_begins_at_a_parking_place_and_one_with_files_where_it_was(files: Files) -> None:
    connected(files, QUICK, parking=1)
    files.save(Memory("north"))
    assert connected(files, QUICK)._robot.memory.node_id == "north"


def test_a_file_and_its_new_name_are_on_the_disk_when_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, synced = tmp_path / "memory.json", list[tuple[str, bool]]()
    sync = os.fsync

    def noted(opened: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{opened}"), file.exists()))
        sync(opened)

    monkeypatch.setattr("os.fsync", noted)
    write(file, b"new")
    assert synced == [(str(tmp_path / "memory.new"), False), (str(tmp_path), True)]


def start(folder: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[str]]:
    """The program's exit code when it is told to end, and the robots that it ran."""
    ran: list[str] = []

    @contextmanager
    def told_to_end(robots: Iterable[Connected]) -> Iterator[threading.Event]:
        ran.extend(each._identity.bot_id for each in robots)
        ended = threading.Event()
        ended.set()
        yield ended

    monkeypatch.setattr(program, "running", told_to_end)
    monkeypatch.setattr("signal.signal", lambda *of: None)
    return program.main(["run", "--count", str(count), "--state", str(folder)]), ran


def enrolled(folder: Path) -> Path:
    """A folder with the files of three robots."""
    for bot_id in ("one", "two", "three"):
        Files(folder / bot_id).keep(Identity(bot_id, "host", 1, {}), b"key", "certificate", "ca")
    return folder


@pytest.mark.parametrize("name", ["memory.json", "robot.json"])
@pytest.mark.parametrize(
    "content", ["half of wh", '{"places": []}', "", None], ids=["half a file", "another version's", "empty", "a folder"]
)
def test_a_robot_whose_file_is_broken_is_named_with_what_to_do_and_the_others_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str | None,
) -> None:
    broken = enrolled(tmp_path) / "two" / name
    if content is None:
        broken.unlink(missing_ok=True)
        broken.mkdir()
    else:
        broken.write_text(content)
    assert start(tmp_path, 3, monkeypatch) == (1, ["one", "three"])
    assert f"a robot is not started: {broken} cannot be read (" in (told := capsys.readouterr().err)
    assert "Move it away, and it begins anew" in told
    if name == "memory.json":
        broken.rename(tmp_path / "away")
        assert start(tmp_path, 3, monkeypatch) == (0, ["one", "three", "two"])


def test_a_program_none_of_whose_robots_can_start_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = enrolled(tmp_path)
    for own in folder.iterdir():
        (own / "memory.json").write_text("half of wh")
    assert start(folder, 3, monkeypatch) == (1, [])


class Staff:
    """The mall as staff ask it. broken: certificates are not issued."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.broken = True

    def __call__(self, *of: object) -> "Staff":
        return self

    def __enter__(self) -> "Staff":
        return self

    def __exit__(self, *of: object) -> None:
        pass

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/api/depot/bots":
            self.names.append(body["name"])
            return {"id": f"bot-{len(self.names)}"}
        if self.broken:
            raise MallError(503, "unavailable", "no certificate now")
        return {"endpoint": "host:1", "topics": {}, "certificate": "certificate", "ca": "ca"}


def test_a_robot_that_was_registered_and_not_enrolled_is_enrolled_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = Staff()
    monkeypatch.setattr(program, "Mall", staff)
    monkeypatch.setenv("MALLBOTS_API", "http://mall")
    monkeypatch.setenv("MALLBOTS_TOKEN", "token")
    with pytest.raises(MallError):
        start(tmp_path, 2, monkeypatch)
    staff.broken = False
    assert start(tmp_path, 2, monkeypatch) == (0, ["bot-1", "bot-2"])
    assert staff.names == ["Robot 1", "Robot 2"]
    assert start(tmp_path, 1, monkeypatch) == (0, ["bot-1"])


@pytest.mark.parametrize(("status", "asked"), [(200, 1), (503, 2), (404, 1)])
def test_a_certificate_is_asked_for_again_while_the_mall_cannot_say_and_not_for_a_robot_that_it_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, asked: int
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    statuses, requests = [status], list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request.url.path)
        content = {"endpoint": "host:1", "topics": {}, "certificate": "certificate", "ca": "ca"}
        return httpx.Response(statuses.pop() if statuses else 200, json=content)

    mall = Mall("http://mall.test")
    mall._http = httpx.Client(base_url="http://mall.test", transport=httpx.MockTransport(answer))
    with pytest.raises(MallError) if status == 404 else nullcontext():
        enrol(mall, "bot-1", tmp_path)
    assert requests == ["/api/fleet/robots/bot-1/certificate"] * asked
    assert is_enrolled(tmp_path, "bot-1") is (status != 404)
