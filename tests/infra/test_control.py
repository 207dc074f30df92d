"""The control server of a local mall: who may use it, and what it breaks and mends."""

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import LocalCloud
from infra.local.control import Control
from infra.local.faults import BROKEN, FAULTS, Fault, Faults
from infra.local.panel import connecting
from infra.local.process import LocalCloudError

PAGES = "http://pages.cloudfront.localhost:4566"


class Cloud:
    """As much of a local cloud as faults of these tests need."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.payments = "running"


def _find(cloud: Any) -> dict[str, Any]:
    return {"before": cloud.payments}


def _stop(cloud: Any, _kept: dict[str, Any]) -> None:
    cloud.payments = "stopped"


def _start(cloud: Any, kept: dict[str, Any]) -> None:
    cloud.payments = kept["before"]


def _refuse(_cloud: Any) -> dict[str, Any]:
    raise LocalCloudError("no robot is on the robots' stream")


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(FAULTS, "payments", Fault(_find, _stop, _start))
    monkeypatch.setitem(FAULTS, "robot", Fault(_refuse, _stop, None))
    return Cloud(tmp_path)


@pytest.fixture
def control(cloud: Any, socket_enabled: None) -> Iterator[Control]:
    made = Control(Faults(cloud), PAGES, lambda: "up", " PORT=4600")
    yield made
    made.stop()


def ask(control: Control, method: str = "GET", path: str = "/faults", **changed: str | None) -> tuple[int, Any, Any]:
    """What it answers to a request of the console in which these headers are others, or missing."""
    usual = {"Host": control.host, "Origin": PAGES, "Authorization": f"Bearer {control.token}"}
    headers = {name: value for name, value in {**usual, **changed}.items() if value is not None}
    host, port = control.host.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content or b"{}"), response.headers


def test_the_console_breaks_something_sees_since_when_and_mends_it(control: Control, cloud: Any) -> None:
    assert ask(control, "POST", "/faults/payments/break")[0] == 200
    assert cloud.payments == "stopped"
    status, answer, headers = ask(control)
    assert (status, answer["engine"]) == (200, "up")
    [payments] = [one for one in answer["faults"] if one["name"] == "payments"]
    assert payments["since"].endswith("Z")
    assert headers["access-control-allow-origin"] == PAGES
    assert ask(control, "POST", "/faults/payments/mend")[0] == 200
    assert cloud.payments == "running"
    assert {one["since"] for one in ask(control)[1]["faults"]} == {None}


def test_another_process_mends_what_this_one_broke(control: Control, cloud: Any) -> None:
    ask(control, "POST", "/faults/payments/break")
    Faults(cloud).mend_all()
    assert cloud.payments == "running"


def test_what_another_process_breaks_while_this_one_mends_stays_known(
    cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [Thread(target=lambda: Faults(cloud).break_("robot"))]

    def start(cloud: Any, kept: dict[str, Any]) -> None:
        others[0].start()
        others[0].join(0.1)  # it waits for this one
        _start(cloud, kept)

    monkeypatch.setitem(FAULTS, "payments", Fault(_find, _stop, start))
    monkeypatch.setitem(FAULTS, "robot", Fault(lambda _: {"certificate": "one"}, lambda *_: None, lambda *_: None))
    faults = Faults(cloud)
    faults.break_("payments")
    faults.mend("payments")
    others[0].join()
    assert [(name, kept["certificate"]) for name, kept in faults.broken().items()] == [("robot", "one")]


def test_who_reads_what_is_broken_while_it_is_written_reads_all_of_what_was(cloud: Any) -> None:
    faults = Faults(cloud)
    faults.break_("payments")
    with (cloud.state / BROKEN).open() as reader:
        faults.mend("payments")
        assert list(json.load(reader)) == ["payments"]
    assert faults.broken() == {}


def test_what_could_be_broken_only_in_part_is_mended_too(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(cloud: Any, kept: dict[str, Any]) -> None:
        _stop(cloud, kept)
        raise OSError("the second mapping did not answer")

    monkeypatch.setitem(FAULTS, "payments", Fault(_find, stop, _start))
    with pytest.raises(OSError, match="second"):
        Faults(cloud).break_("payments")
    Faults(cloud).mend_all()
    assert (cloud.payments, Faults(cloud).broken()) == ("running", {})


def test_where_the_network_is_cut_nothing_else_waits_for_answers(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAULTS, "network", Fault(lambda _: {}, lambda *_: None, lambda *_: None))
    faults = Faults(cloud)
    faults.break_("network")
    with pytest.raises(LocalCloudError, match="mend it first"):
        faults.break_("payments")
    assert list(faults.broken()) == ["network"]


def test_where_there_is_no_mall_there_is_nothing_to_mend_and_none_is_made(tmp_path: Path) -> None:
    Faults(cast(LocalCloud, Cloud(tmp_path / "mistyped"))).mend("network")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [None, "", "Bearer ", "Bearer wrong", "Basic wrong"])
def test_without_the_token_nothing_is_told_and_nothing_broken(control: Control, cloud: Any, given: str | None) -> None:
    for method, path in (("GET", "/faults"), ("POST", "/faults/payments/break")):
        status, answer, _ = ask(control, method, path, Authorization=given)
        assert (status, "faults" in answer) == (401, False)
    assert cloud.payments == "running"


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", f"{PAGES}.evil.example", PAGES + "0"])
def test_another_origin_is_refused_with_the_token_too(control: Control, cloud: Any, origin: str | None) -> None:
    for method, path in (("OPTIONS", "/faults"), ("GET", "/faults"), ("POST", "/faults/payments/break")):
        status, _, headers = ask(control, method, path, Origin=origin)
        assert (status, headers["access-control-allow-origin"]) == (403, None)
    assert cloud.payments == "running"


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1"])
def test_a_name_that_was_made_to_resolve_to_this_machine_is_refused(control: Control, cloud: Any, host: str) -> None:
    assert ask(control, "POST", "/faults/payments/break", Host=host)[0] == 403
    assert cloud.payments == "running"


def test_it_listens_on_the_loopback_interface_alone(control: Control) -> None:
    host, port = control.host.split(":")
    assert host == "127.0.0.1"
    with socket.socket() as probe:  # the same port of another address of this machine is free
        probe.bind(("127.0.0.2", int(port)))


def test_what_cannot_be_broken_says_why_and_stays_whole(control: Control) -> None:
    status, answer, _ = ask(control, "POST", "/faults/robot/break")
    assert (status, answer["message"]) == (409, "no robot is on the robots' stream")


@pytest.mark.parametrize("path", ["/", "/faults/all/break", "/faults/payments/burn", "/../faults"])
def test_there_is_nothing_else(control: Control, path: str) -> None:
    assert ask(control, "POST", path)[0] == 404


def test_each_start_has_a_token_of_its_own(cloud: Any, control: Control) -> None:
    other = Control(Faults(cloud), PAGES, lambda: "up")
    assert other.token != control.token
    assert ask(other, Authorization=f"Bearer {control.token}")[0] == 401
    other.stop()


def test_the_policy_of_the_console_admits_this_control_server_and_no_earlier_one() -> None:
    engine = "http://127.0.0.1:4566"
    before = f"default-src 'none'; connect-src 'self' {engine} ws://127.0.0.1:4566; base-uri 'none'"
    first = connecting(before, engine, "http://127.0.0.1:9001")
    assert connecting(first, engine, "http://127.0.0.1:9002") == before.replace(
        ":4566; base", ":4566 http://127.0.0.1:9002; base"
    )
    assert connecting(first, engine, None) == before


def test_no_template_and_no_other_program_of_the_deployment_knows_it() -> None:
    root = Path(__file__).parents[2]
    deployed = [*(root / "infra").glob("*.py"), *(root / "functions").rglob("*.py")]
    assert [path.name for path in deployed if "local.control" in path.read_text()] == []


def test_a_robot_is_dropped_by_its_certificate_and_comes_back_by_it(tmp_path: Path) -> None:
    with mock_aws():
        iot = boto3.client("iot", region_name="eu-west-1")
        iot.create_thing(thingName="robot-1")
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.attach_thing_principal(thingName="robot-1", principal=made["certificateArn"])

        def status() -> str:
            found = iot.describe_certificate(certificateId=made["certificateId"])
            return str(found["certificateDescription"]["status"])

        faults = Faults(cast(LocalCloud, SimpleNamespace(state=tmp_path, client=lambda _: iot)))
        faults.break_("robot")
        assert (status(), faults.broken()["robot"]["robot"]) == ("INACTIVE", "robot-1")
        with pytest.raises(LocalCloudError, match="no robot is on the robots' stream"):
            FAULTS["robot"].finds(cast(LocalCloud, SimpleNamespace(client=lambda _: iot)))
        faults.mend("robot")
        assert (status(), faults.broken()) == ("ACTIVE", {})


def test_a_network_that_is_cut_is_a_process_that_is_halted(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        cloud = cast(LocalCloud, SimpleNamespace(state=tmp_path, engine=SimpleNamespace(pid=lambda: process.pid)))
        faults = Faults(cloud)
        faults.break_("network")
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        faults.mend_all()
        assert os.WIFCONTINUED(os.waitpid(process.pid, os.WCONTINUED)[1])
        process.kill()
