"""What operators do with a stage in an account: the commands of infra/operate, against moto."""

import argparse
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from functions.kernel.runtime import clock
from infra.local import down
from infra.local.__main__ import main as local_main
from infra.local.process import ROOT
from infra.local.up import arguments_of
from infra.operate.__main__ import MODULES, main, parser
from infra.operate.deployment import OperateError, stacks
from infra.operate.logs import ago, lines
from infra.operate.republish import republish
from infra.operate.tables import AUDIT, retained
from tests.infra.conftest import Templates
from tests.infra.queues import DEPOT


class Place:
    """A deployment whose clients answer from lists: pages of republished commits, or log events by group."""

    def __init__(self, *answers: Any, outputs: Mapping[str, str] | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answers = list(answers)
        self._outputs = outputs or {"RelayFunction": "mallbots-prod-depot-relay:live"}

    def client(self, service: str, **config: Any) -> "Place":
        return self

    def outputs(self) -> dict[str, Mapping[str, str]]:
        return {DEPOT: self._outputs}

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == "mallbots-prod-depot-relay:live"
        self.asked.append(json.loads(Payload)["republish"])
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **failed}

    def get_paginator(self, _operation: str) -> "Place":
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked.append(asked)
        return [self._answers.pop(0)]


def test_a_republish_goes_on_until_the_relay_has_no_further_page() -> None:
    place = Place({"sent": 200, "cursor": "a"}, {"sent": 0, "cursor": "b"}, {"sent": 7, "cursor": None})
    assert republish(place, "depot", {"since": "2026-03-01T12:00:00Z"}) == 207
    since = {"since": "2026-03-01T12:00:00Z"}
    assert place.asked == [since, {**since, "cursor": "a"}, {**since, "cursor": "b"}]


def test_a_republish_that_fails_says_where_to_go_on() -> None:
    place = Place({"sent": 200, "cursor": '{"a": 1}'}, {"errorMessage": "the bus did not accept 3 of 9 messages"})
    with pytest.raises(OperateError, match=r"3 of 9 messages \(200 were sent; go on with CURSOR='\{\"a\": 1\}'\)"):
        republish(place, "depot", {})


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (ClientError({"Error": {"Code": "ExpiredToken", "Message": "it expired"}}, "Invoke"), "it expired"),
        (ReadTimeoutError(endpoint_url="https://lambda.example"), "Read timeout"),
        (KeyboardInterrupt(), "it was interrupted"),
    ],
)
def test_a_republish_that_ends_for_any_other_reason_says_where_to_go_on_too(ended: BaseException, why: str) -> None:
    with pytest.raises(OperateError, match=rf"{why}.*\(200 were sent; go on with CURSOR='a'\)"):
        republish(Place({"sent": 200, "cursor": "a"}, ended), "depot", {})


def test_a_service_without_a_relay_cannot_republish() -> None:
    with pytest.raises(OperateError, match="depot publishes nothing"):
        republish(Place(outputs={"InboxQueue": "q"}), "depot", {})


def event(second: int, message: str) -> dict[str, Any]:
    return {"timestamp": 1_800_000_000_000 + second * 1000, "message": message}


def test_the_lines_of_all_groups_of_a_service_are_found_in_order_of_time() -> None:
    outputs = {"ApiLogs": "api", "RelayLogs": "relay", "ApiFunction": "f"}
    place = Place({"events": [event(1, "one\n"), event(3, "three")]}, {"events": [event(2, "two")]}, outputs=outputs)
    with clock.fixed(lambda: datetime(2026, 3, 1, tzinfo=UTC)):
        found = list(lines(place, "depot", 'an "order"', timedelta(hours=1)))
    assert [line.split(" ", 1)[1] for line in found] == ["one", "two", "three"]
    assert found[0].startswith("2027-01-15T08:00:01Z ")
    assert [(asked["logGroupName"], asked["filterPattern"]) for asked in place.asked] == [
        ("api", '"an \\"order\\""'),
        ("relay", '"an \\"order\\""'),
    ]
    assert {asked["startTime"] for asked in place.asked} == {1_772_319_600_000}


def test_without_a_text_errors_are_found_ours_and_lambdas() -> None:
    both = event(1, "ERROR of the platform")
    place = Place({"events": [both]}, {"events": [both, event(2, "platform")]}, outputs={"ApiLogs": "api"})
    assert len(list(lines(place, "depot", None, timedelta(hours=1)))) == 2
    assert [asked["filterPattern"] for asked in place.asked] == ['"ERROR"', '"platform"']


@pytest.mark.parametrize(("text", "hours"), [("30m", 0.5), ("2h", 2), ("1d", 24)])
def test_how_long_ago_is_read_with_its_unit(text: str, hours: float) -> None:
    assert ago(text) == timedelta(hours=hours)
    for wrong in (f"{text}s", "9999999d", "99999999999999m"):
        with pytest.raises(OperateError, match="SINCE must be a number with m, h or d"):
            ago(wrong)


def test_the_gateways_outputs_are_the_platforms() -> None:
    class Platform(Place):
        def outputs(self) -> dict[str, Mapping[str, str]]:
            return {"mallbots-prod-platform": {"GatewayLogs": "g"}}

    assert stacks(Platform(), "gateway") == {"platform": {"GatewayLogs": "g"}}


def test_a_stage_that_is_not_deployed_here_is_said_to_be_missing(capsys: pytest.CaptureFixture[str]) -> None:
    with mock_aws():
        assert main(["dead-letters", "--stage", "dev"]) == 1
    assert "no stack of this stage is deployed here" in capsys.readouterr().err


def test_the_local_cloud_is_meant_without_a_stage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["dead-letters", "--port", "4999", "--state", str(tmp_path)]) == 1
    assert "no local cloud runs on port 4999" in capsys.readouterr().err


def test_an_unknown_stage_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "--stage", "stagin"]) == 1
    assert "choose one of dev, local, prod" in capsys.readouterr().err


def test_the_tables_that_stayed_are_mapped_to_the_logical_ids_of_the_template(prod: Templates) -> None:
    """CloudFormation imports a resource into a logical id, and wants a deletion policy.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import.html
    """
    kept = {name: f"{DEPOT}-{name}-1A2B3C4D5E6F" for stack, name, _ in tables(prod) if stack == "depot"}
    others = ["mallbots-prod-search-ServiceViews224FAA69-AAAAAAAAAAAA", "mallbots-dev-depot-ServiceEvents9470217E-B"]
    assert retained(DEPOT, [*kept.values(), *others]) == {name: {"TableName": n} for name, n in kept.items()}
    assert len(kept) == 2


def test_every_table_of_production_can_be_imported(prod: Templates) -> None:
    for stack, name, table in tables(prod):
        assert prod.stacks[stack]["Resources"][name]["DeletionPolicy"] == "Retain"
        assert ("TableName" in table) == (name == AUDIT), "a name of its own would be another table's"
        physical = table.get("TableName", f"mallbots-prod-{stack}-{name}-1A2B3C4D5E6F")
        assert retained(f"mallbots-prod-{stack}", [physical]) == {name: {"TableName": physical}}


def tables(templates: Templates) -> list[tuple[str, str, dict[str, Any]]]:
    return templates.resources("AWS::DynamoDB::Table")


def test_no_table_or_two_for_one_id_are_left_to_a_person() -> None:
    with pytest.raises(OperateError, match="no table of mallbots-prod-depot is here"):
        retained(DEPOT, ["mallbots-prod-search-ServiceViews224FAA69-AAAAAAAAAAAA"])
    twice = [f"{DEPOT}-ServiceViews224FAA69-{number * 12}" for number in "12"]
    with pytest.raises(OperateError, match="more than one table may be ServiceViews224FAA69"):
        retained(DEPOT, twice)


def test_a_vault_that_stayed_is_taken_up_with_its_key(prod: Templates, capsys: pytest.CaptureFixture[str]) -> None:
    stack = "mallbots-prod-customers"
    importable = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::KMS::Alias")
    kept = {name: kind for kind in importable for found, name, _ in prod.resources(kind) if found == "customers"}
    resources = prod.stacks["customers"]["Resources"]
    assert {resources[name]["DeletionPolicy"] for name in kept} == {"Retain"}
    with mock_aws():
        make_tables(*(f"{stack}-{name}-1A2B3C4D5E6F" for name, kind in kept.items() if kind == importable[0]))
        assert main(["tables", "--stage", "prod", "--service", "customers"]) == 1
        assert "alias/mallbots-prod-personal-data is not here" in capsys.readouterr().err
        kms = boto3.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/mallbots-prod-personal-data", TargetKeyId=key)
        assert main(["tables", "--stage", "prod", "--service", "customers"]) == 0
    mapping = json.loads(capsys.readouterr().out)
    assert set(mapping) == set(kept)
    assert mapping["ServiceVaultKeyACFCE3B0"] == {"KeyId": key}
    assert mapping["ServiceVaultAlias1BEA6D3E"] == {"AliasName": "alias/mallbots-prod-personal-data"}


def make_tables(*names: str) -> None:
    for name in names:
        boto3.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )


@pytest.mark.parametrize("time", ["yesterday", "2026-03-01", "2026-03-01T12:00:00"])
def test_a_republish_since_what_is_no_moment_is_refused_before_it_begins(
    time: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(["republish", "--service", "depot", "--since", time])
    assert f"must be a time such as 2026-03-01T12:00:00Z, not '{time}'" in capsys.readouterr().err


def test_a_republish_to_a_service_that_is_not_there_is_refused_before_it_begins() -> None:
    options = parser().parse_args(["republish", "--service", "depot", "--to", "dept"])
    place = Place()
    with pytest.raises(OperateError, match="dept is not deployed here"):
        MODULES["republish"].run(options, place)
    assert place.asked == []


def test_the_hints_of_a_local_cloud_name_its_port_and_state_where_they_are_not_the_usual_ones(tmp_path: Path) -> None:
    assert arguments_of(4566, ROOT / ".mallbots") == ""
    assert arguments_of(4810, tmp_path) == f" PORT=4810 STATE={tmp_path}"


def test_a_local_cloud_that_gives_no_answer_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def too_slow(_: argparse.Namespace) -> int:
        raise httpx.ReadTimeout("timed out")

    monkeypatch.setattr(down, "run", too_slow)
    assert local_main(["down"]) == 1
    assert "the local cloud gave no answer (timed out)" in capsys.readouterr().err


def test_an_interrupted_command_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(MODULES["token"], "run", interrupted)
    assert main(["token", "--stage", "dev", "--role", "staff"]) == 1


def test_a_command_whose_output_nobody_reads_on_ends_without_an_error() -> None:
    script = (
        "import sys\nfrom infra.operate import __main__ as operate\n"
        "def run(options, deployment):\n    for n in range(100_000): print(n)\n    return 0\n"
        "operate.MODULES['logs'].run = run\noperate._deployment = lambda options: None\n"
        "sys.exit(operate.main(['logs', '--service', 'depot']))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        assert command.stdout.readline() == b"0\n"
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 0
