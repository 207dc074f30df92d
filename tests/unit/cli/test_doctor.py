"""doctor: nothing is wrong with what is right, and each check tells when what it looks at is broken."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws

from clients import secret_files
from clients.cli import stages
from clients.cli.checks import machine
from clients.cli.checks.check import ACCOUNT, CHECKS
from clients.cli.published import services
from functions.payments import service as payments
from tests.flow.shopper import Shopper, bring_a_robot_online, leave, open_a_store
from tests.flow.test_redrive import broken
from tests.flow.test_robots_stream import a_robot
from tests.unit.cli.typed import PAGES, ClientsMall, CommandLine, jwt

STAMPS = (".venv/.installed", ".engine/.installed", "node_modules/.installed", ".build/pages/.built")
FILES = (".venv/bin/python", ".engine/bin/python", "node_modules/.bin/cdk", "clients/console/App.tsx", "Makefile")
LOCKS = ("requirements/engine.lock", "package-lock.json")
OLD, NOW, LATER = 1_000_000_000, 1_100_000_000, 1_200_000_000  # Unix times of files
OLD_STAMP = "2026-01-05T09:00:00.000000Z"


@dataclass
class Machine:
    """A checkout with all that it needs, a local mall that is up with a robot, and prod in an account."""

    cli: CommandLine
    mall: ClientsMall
    checkout: Path
    patch: pytest.MonkeyPatch

    @property
    def state(self) -> Path:
        return self.cli.folder / "state"

    @property
    def config(self) -> Path:
        return self.cli.folder / "config" / "mallbots"

    def alters(self, path: str, member: str, **values: Any) -> None:
        """The first item of what the mall answers is changed."""
        self.cli.altered[path] = lambda body: body[member][0].update(values)

    def touches(self, path: str, at: int) -> None:
        os.utime(self.checkout / path, (at, at))


@pytest.fixture
def whole(cli: CommandLine, mall: ClientsMall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    checkout = cli.folder / "checkout"
    for name in (*FILES, *LOCKS, *STAMPS):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
        os.utime(checkout / name, (NOW, NOW) if name in STAMPS else (OLD, OLD))
    lock = "".join(f"{name}=={metadata.version(name)} \\\n    --hash=x\n" for name in machine.PACKAGES)
    (checkout / "requirements/all.lock").write_text(lock)
    os.utime(checkout / "requirements/all.lock", (OLD, OLD))
    (checkout / "pyproject.toml").write_text('[project]\nversion = "0.1.0"\n')
    (checkout / "bin").mkdir()
    _node(checkout, "v22.4.0")
    monkeypatch.setenv("PATH", f"{checkout / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(stages, "CHECKOUT", checkout)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=8e9))
    found = Machine(cli, mall, checkout, monkeypatch)
    _state(found)
    secret_files.write(found.config / "stages.json", {"prod": json.dumps({**PAGES, "pages": "https://x.test"})})
    secret_files.write(found.config / "prod-operator.json", {"refresh": "refresh 1"})
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION"):
        monkeypatch.setenv(f"AWS_{name}", "eu-west-1")
    bring_a_robot_online(mall)
    with mock_aws():
        for service in ("platform", *services()):
            _stack(service)
        yield found


def _node(checkout: Path, version: str) -> None:
    node = checkout / "bin/node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)


def _state(whole: Machine) -> None:
    platform = {"LiveAddress": "x", "UserPoolId": "x", "PagesAddress": "x"}
    outputs = json.loads((whole.state / "outputs.json").read_text())
    outputs["mallbots-local-platform"] |= platform
    (whole.state / "outputs.json").write_text(json.dumps(outputs))
    secret_files.write(whole.state / "users.json", dict.fromkeys(("clerk", "operator", "kiosk"), "a password"))
    (whole.state / "engine.json").write_text(json.dumps({"pid": os.getpid(), "port": 4566}))


def _stack(service: str) -> None:
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    boto3.client("cloudformation").create_stack(StackName=f"mallbots-prod-{service}", TemplateBody=template)


def _letters(whole: Machine) -> None:
    mended = broken(whole.patch, payments, "create_or_reduce_invoice")
    cable = open_a_store(whole.mall, {"cable": 9.95})["cable"]
    shopper = Shopper(whole.mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30)
    shopper.checks_out()
    whole.mall.pass_time(300)
    whole.mall.operate("collector")
    mended()


def _came_back(whole: Machine) -> None:
    _letters(whole)
    whole.alters("/api/operations/groups", "groups", cameBack=OLD_STAMP)


def _parked(whole: Machine) -> None:
    whole.cli.altered["/api/checkout/sagas?status=parked"] = lambda body: body["sagas"].append({"orderId": "order-1"})


def _runs_long(whole: Machine) -> None:
    one = {"orderId": "order-1", "since": OLD_STAMP}
    whole.cli.altered["/api/checkout/sagas?status=running"] = lambda body: body["sagas"].append(one)


def _no_robot(whole: Machine) -> None:
    for robot in whole.cli("robot list --json").data:
        leave(whole.mall, robot["id"])


def _robot(whole: Machine, **values: Any) -> None:
    a_robot(whole.mall, "Hektor")
    whole.alters("/api/fleet/robots", "robots", **values)


def _paused_robot(whole: Machine) -> None:
    a_robot(whole.mall, "Hektor")
    whole.cli("robot pause Hektor --yes")
    whole.mall.pass_time(30)


def _differs(whole: Machine) -> None:
    whole.cli.altered["/api/payments/differences"] = lambda body: body["differences"].append({"orderId": "order-1"})


def _stopped_run(whole: Machine) -> None:
    run = {"id": "run-1", "kind": "redrive", "state": "stopped"}
    whole.cli.altered["/api/operations/runs?"] = lambda body: body["runs"].append(run)


def _built(whole: Machine) -> None:
    whole.cli("rebuild search orders --yes")


def _paused(whole: Machine) -> None:
    whole.cli("pause search/inbox --reason x --yes")


def _clerk(whole: Machine) -> None:
    whole.patch.setenv("MALLBOTS_TOKEN", jwt("ada", "staff"))


def _alarm(whole: Machine) -> None:
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="mallbots-prod-saga-parked",
        MetricName="x",
        Namespace="x",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        AlarmActions=["arn:aws:sns:eu-west-1:123456789012:mallbots-prod-alarms"],
    )
    cloudwatch.set_alarm_state(AlarmName="mallbots-prod-saga-parked", StateValue="ALARM", StateReason="x")


def _failed_stack(whole: Machine) -> None:
    _stack_is("UPDATE_ROLLBACK_FAILED")


def _stack_is(status: str) -> None:
    from moto.cloudformation.models import cloudformation_backends

    for backend in cloudformation_backends["123456789012"].values():
        for stack in backend.stacks.values():
            if stack.name.endswith("-depot"):
                stack.status = status


def _no_credentials(whole: Machine) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION"):
        whole.patch.delenv(f"AWS_{name}")
    whole.patch.setenv("AWS_CONFIG_FILE", "/dev/null")


def _writes(name: str, text: str) -> Callable[[Machine], object]:
    return lambda whole: (whole.state / name).write_text(text)


def _lock(whole: Machine, line: str) -> None:
    (whole.checkout / "requirements/all.lock").write_text(f"{line} \\\n")


def _ended_process() -> int:
    """The id of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


BREAKS: dict[str, Callable[[Machine], object]] = {
    "Python is new enough": lambda whole: whole.patch.setattr(machine, "OLDEST_PYTHON", (4, 0)),
    "the tools are installed in .venv": lambda whole: (whole.checkout / ".venv/bin/python").unlink(),
    ".venv is as new as its lock": lambda whole: whole.touches("requirements/all.lock", LATER),
    "the packages are those of the lock": lambda whole: (whole.checkout / "requirements/all.lock").write_text(
        "rich==1.0 \\\n"
    ),
    "the local cloud is installed in .engine": lambda whole: (whole.checkout / ".engine/bin/python").unlink(),
    ".engine is as new as its lock": lambda whole: whole.touches("requirements/engine.lock", LATER),
    "Node.js is there and new enough": lambda whole: _node(whole.checkout, "v18.1.0"),
    "the CDK is installed": lambda whole: (whole.checkout / "node_modules/.bin/cdk").unlink(),
    "node_modules is as new as its lock": lambda whole: (whole.checkout / "node_modules/.installed").unlink(),
    "the pages are built, and as new as their sources": lambda whole: whole.touches("clients/console/App.tsx", LATER),
    "there is room on the disk": lambda whole: whole.patch.setattr(machine, "FREE", 9e9),
    "sign-ins are readable by you alone": lambda whole: (whole.config / "prod-operator.json").chmod(0o644),
    "the command line's own files can be read": lambda whole: (whole.config / "old.json").write_text("{"),
    "the state's folder is there and writable": lambda whole: whole.patch.setenv("STATE", str(whole.state / "none")),
    "the state belongs to this port": lambda whole: whole.patch.setenv("PORT", "4890"),
    "the engine's process runs": lambda whole: _writes("engine.json", json.dumps({"pid": _ended_process()}))(whole),
    "the engine answers": lambda whole: setattr(whole.cli, "unreachable", True),
    "everything is deployed": _writes("outputs.json", "{}"),
    "the development users are made": _writes("users.json", '{"operator": "a password"}'),
    "the development passwords are readable by you alone": lambda whole: (whole.state / "users.json").chmod(0o640),
    "nothing was broken on purpose": _writes("broken.json", json.dumps({"payments": {"since": OLD_STAMP}})),
    "the API answers": lambda whole: whole.cli.altered.update({"/health": lambda body: body.update(status="down")}),
    "you are signed in as an operator": _clerk,
    "this machine's clock is right": lambda whole: whole.cli.headers.update(date=formatdate(NOW, usegmt=True)),
    "the mall's code is of this checkout's version": lambda whole: (whole.checkout / "pyproject.toml").write_text(
        '[project]\nversion = "0.2.0"\n'
    ),
    "every service answers": lambda whole: whole.mall.stop("payments"),
    "every consumer runs": _paused,
    "every queue is read": lambda whole: whole.alters(
        "/api/operations/consumers", "consumers", waiting={"visible": 12, "inFlight": 0, "delayed": 0}
    ),
    "queues are counted": lambda whole: whole.alters("/api/operations/consumers", "consumers", waiting=None),
    "no backlog takes more than an hour": lambda whole: whole.alters(
        "/api/operations/consumers", "consumers", drainedInSeconds=3_601
    ),
    "no message is about to be lost": lambda whole: whole.alters(
        "/api/operations/consumers", "consumers", lostFrom=OLD_STAMP
    ),
    "there are no dead letters": _letters,
    "no letter came after its cause was mended": _came_back,
    "each old group of letters has an owner": _letters,
    "no saga is parked": _parked,
    "no saga runs for long": _runs_long,
    "a robot is online": _no_robot,
    "no robot reports an error": lambda whole: _robot(whole, errors=[{"type": "stuck"}]),
    "no robot's connection broke": lambda whole: _robot(whole, connection="broken"),
    "no robot was left paused": _paused_robot,
    "orders, invoices and payments agree": _differs,
    "no run stopped by itself": _stopped_run,
    "no rebuild waits to be taken": _built,
    "the AWS credentials are good": _no_credentials,
    "every service has its stack": lambda whole: boto3.client("cloudformation").delete_stack(
        StackName="mallbots-prod-depot"
    ),
    "no stack failed": _failed_stack,
    "no alarm rings": _alarm,
}


def wrong(whole: Machine, stage: str, code: int) -> dict[str, Any]:
    """What the doctor finds wrong, by the names of the checks."""
    found = whole.cli(f"doctor --stage {stage} --json", code).data
    return {one["check"]: one for one in found if one["state"] == "wrong"}


def test_there_are_enough_checks_and_each_is_tested_by_breaking_what_it_looks_at() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS) >= 25
    assert {check.name for check in CHECKS} == BREAKS.keys()
    assert all(check.do for check in CHECKS)


@pytest.mark.parametrize("stage", ["local", "prod"])
def test_nothing_is_wrong_with_what_is_right(whole: Machine, stage: str) -> None:
    found = whole.cli(f"doctor --stage {stage} --json").data
    assert {one["state"] for one in found} == {"fine"}, [one for one in found if one["state"] != "fine"]
    assert ("account" in {one["about"] for one in found}) == (stage == "prod")
    shown = whole.cli(f"doctor --stage {stage}")
    assert shown.out == ""
    assert "nothing is wrong" in shown.err
    assert len(whole.cli(f"doctor --stage {stage} --all").out.splitlines()) == len(found) + 1


@pytest.mark.parametrize("name", BREAKS)
def test_a_check_tells_when_what_it_looks_at_is_broken(whole: Machine, name: str) -> None:
    stage = "prod" if name in {check.name for check in CHECKS if check.about == ACCOUNT} else "local"
    BREAKS[name](whole)
    found = wrong(whole, stage, code=4)
    assert name in found
    assert found[name]["what"]
    assert found[name]["do"]


def test_what_hangs_on_a_mall_that_does_not_answer_is_not_called_wrong(whole: Machine) -> None:
    whole.cli.unreachable = True
    found = whole.cli("doctor --json", code=4).data
    assert {one["state"] for one in found if one["about"] == "mall"} == {"not seen"}
    assert "the engine answers" in {one["check"] for one in found if one["state"] == "wrong"}
    shown = whole.cli("doctor", code=4)
    assert len(shown.out.splitlines()) == 2
    assert "checks not made: the engine does not answer" in shown.err


def test_what_could_not_be_seen_is_not_called_right(whole: Machine) -> None:
    problem = {"code": "internal", "message": "something went wrong here"}
    whole.cli.failing["/api/payments"] = httpx.Response(500, json=problem)
    shown = whole.cli("doctor", code=4)
    assert shown.out == ""
    assert "1 check not made: something went wrong here" in shown.err
    assert "nothing that could be seen is wrong" in shown.err


@pytest.mark.parametrize(
    ("status", "is_wrong"),
    [("UPDATE_IN_PROGRESS", False), ("UPDATE_ROLLBACK_COMPLETE", True), ("UPDATE_ROLLBACK_FAILED", True)],
)
def test_a_deploy_at_work_is_not_wrong_and_one_that_was_rolled_back_is(
    whole: Machine, status: str, is_wrong: bool
) -> None:
    _stack_is(status)
    found = whole.cli("doctor --stage prod --json", code=4 if is_wrong else 0).data
    assert ("no stack failed" in {one["check"] for one in found if one["state"] == "wrong"}) is is_wrong


def test_one_cause_is_named_once_with_the_command_for_this_very_mall(whole: Machine) -> None:
    whole.cli.unreachable = True
    _writes("engine.json", json.dumps({"pid": _ended_process(), "port": 4890}))(whole)
    whole.patch.setenv("PORT", "4890")
    found = wrong(whole, "local", code=4)
    assert found.keys() == {"the engine's process runs"}
    assert found["the engine's process runs"]["do"].startswith(f"make up PORT=4890 STATE={whole.state}")
    whole.patch.setenv("STATE", str(whole.state / "none"))
    assert wrong(whole, "local", code=4).keys() == {"the state's folder is there and writable"}


def test_a_process_that_was_killed_and_not_waited_for_does_not_run(whole: Machine) -> None:
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    _writes("engine.json", json.dumps({"pid": killed.pid, "port": 4566}))(whole)
    assert "the engine's process runs" not in wrong(whole, "local", code=0)
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    assert "the engine's process runs" in wrong(whole, "local", code=4)
    killed.communicate()


def test_a_queue_that_is_read_between_two_looks_is_not_called_unread(whole: Machine) -> None:
    looks = iter([12, 11])

    def drains(body: Any) -> None:
        body["consumers"][0]["waiting"] = {"visible": next(looks), "inFlight": 0, "delayed": 0}

    whole.cli.altered["/api/operations/consumers"] = drains
    whole.cli("doctor")


def test_where_it_was_installed_without_a_checkout_the_machine_is_not_judged(whole: Machine) -> None:
    (whole.checkout / "Makefile").unlink()
    assert "machine" not in {one["about"] for one in whole.cli("doctor --json").data}
