"""`make token` for a stage on AWS: a sign-in once, then the refresh token of a file that only the user can read."""

import argparse
import base64
import getpass
import io
import json
import re
import sys
from collections.abc import Mapping
from http.server import HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from clients import secret_files
from clients.managed_login import ManagedLogin
from clients.user_pool import SignInError, Tokens
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF
from infra.local import people
from infra.local.cloud import LocalCloud
from infra.operate.__main__ import main
from infra.operate.deployment import OperateError
from infra.operate.token import run, token


def access(*groups: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"cognito:groups": groups, "username": "rosa"}).encode()).decode()
    return f"e30.{payload}.signature"


class Stage:
    """A deployment on AWS whose pool has one user, in these groups; refresh tokens are counted, and rotate."""

    def __init__(self, *groups: str) -> None:
        self.access = access(*groups)
        self.refresh, self.signed_in, self.enabled = 0, 0, True

    def client(self, service: str, **config: Any) -> Any:
        return SimpleNamespace(meta=SimpleNamespace(endpoint_url="https://cognito.test"))

    def outputs(self) -> Mapping[str, Mapping[str, str]]:
        names = {"StaffClientId": "staff-app", "KioskClientId": "kiosk-app", "SignInAddress": "https://login.test"}
        return {"mallbots-prod-platform": names}

    def next_tokens(self) -> Tokens:
        self.refresh += 1
        return Tokens(self.access, f"refresh {self.refresh}")

    def sign_in(self, login: ManagedLogin, show: Any, *, seconds: float = 0) -> Tokens:
        self.signed_in += 1
        return self.next_tokens()

    def post(self, url: str, *, json: dict[str, Any], headers: dict[str, str], timeout: float) -> httpx.Response:
        operation = headers["x-amz-target"].rpartition(".")[2]
        if operation == "InitiateAuth":
            assert (json["ClientId"], json["AuthParameters"]["PASSWORD"]) == ("kiosk-app", "one-time")
            return httpx.Response(200, json={"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s"})
        known = operation == "RespondToAuthChallenge" or json["RefreshToken"] == f"refresh {self.refresh}"
        if not (known and self.enabled):
            return httpx.Response(400, json={"__type": "NotAuthorizedException", "message": "Invalid Refresh Token"})
        made = self.next_tokens()
        result = {"AccessToken": made.access, "RefreshToken": made.refresh}
        return httpx.Response(200, json={"AuthenticationResult": result})


def stage(monkeypatch: pytest.MonkeyPatch, *groups: str) -> Stage:
    made = Stage(*groups)
    monkeypatch.setattr(httpx, "post", made.post)
    monkeypatch.setattr(ManagedLogin, "sign_in", lambda login, show: made.sign_in(login, show))
    return made


def get(made: Stage, role: str, file: Path) -> str:
    return token(made, role, file, lambda address: None)


def test_a_clerk_signs_in_once_and_the_refresh_token_rotates_in_a_file_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made, file = stage(monkeypatch, STAFF), tmp_path / "mallbots" / "prod-staff.json"
    assert [get(made, STAFF, file) for _ in range(3)] == [made.access] * 3
    assert made.signed_in == 1
    assert json.loads(file.read_text()) == {"refresh": "refresh 3"}
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [left.name for left in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("content", ['{"refresh": "refresh 99"}', "cut o", "{}"])
def test_a_refresh_token_that_is_no_good_any_more_means_another_sign_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    made, file = stage(monkeypatch, STAFF), tmp_path / "prod-staff.json"
    file.write_text(content)
    assert get(made, STAFF, file) == made.access
    assert (made.signed_in, json.loads(file.read_text())) == (1, {"refresh": "refresh 1"})


@pytest.mark.parametrize(
    ("groups", "role", "refused"),
    [
        ((STAFF,), STAFF, False),
        ((OPERATOR,), STAFF, False),
        ((OPERATOR,), OPERATOR, False),
        ((STAFF,), OPERATOR, True),
        ((KIOSK,), STAFF, True),
        ((), STAFF, True),
    ],
)
def test_a_user_without_the_role_gets_no_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, groups: tuple[str, ...], role: str, refused: bool
) -> None:
    made, file = stage(monkeypatch, *groups), tmp_path / "prod.json"
    if refused:
        with pytest.raises(OperateError, match=f"rosa is not in the group {role}"):
            get(made, role, file)
    else:
        assert get(made, role, file) == made.access


def test_a_kiosk_that_an_operator_adds_to_its_group_later_needs_no_other_one_time_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made, file = stage(monkeypatch), tmp_path / "kiosk.json"
    monkeypatch.setattr(sys, "stdin", io.StringIO("kiosk-7\n"))
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: "one-time")
    for _ in range(2):  # a sign-in, then a refresh: the token that it spends is gone
        with pytest.raises(OperateError, match="have an operator add it"):
            get(made, KIOSK, file)
    made.access = access(KIOSK)
    assert get(made, KIOSK, file) == made.access


def no_answer(*_: Any, **__: Any) -> httpx.Response:
    raise httpx.ConnectTimeout("timed out")


def failure(url: str, **_: Any) -> httpx.Response:
    return httpx.Response(503, text="<html>", request=httpx.Request("POST", url))


@pytest.mark.parametrize("role", [STAFF, KIOSK])
@pytest.mark.parametrize("code", ["TooManyRequestsException", "LimitExceededException"])
def test_a_pool_that_is_throttled_asks_nobody_for_another_sign_in_or_a_password_that_is_spent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, role: str, code: str
) -> None:
    made, file = stage(monkeypatch, role), tmp_path / "prod.json"
    secret_files.write(file, {"refresh": "refresh 0"})
    answer = httpx.Response(400, json={"__type": code, "message": "Rate exceeded"})
    monkeypatch.setattr(httpx, "post", lambda *_, **__: answer)
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: pytest.fail("it asks for a password"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("kiosk-7\n"))
    with pytest.raises(OperateError, match=f"refuses for now .*{code}.*try again"):
        get(made, role, file)
    assert (made.signed_in, json.loads(file.read_text())) == (0, {"refresh": "refresh 0"})
    monkeypatch.setattr(httpx, "post", made.post)
    assert get(made, role, file) == made.access


@pytest.mark.parametrize("answer", [no_answer, failure])
def test_while_the_pool_does_not_answer_nobody_is_asked_to_sign_in_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: Any
) -> None:
    made = stage(monkeypatch, STAFF)
    monkeypatch.setattr(httpx, "post", answer)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "mallbots" / "prod-staff.json"
    secret_files.write(file, {"refresh": "refresh 0"})
    with pytest.raises(OperateError, match="does not answer"):
        run(argparse.Namespace(stage="prod", role=STAFF), made)
    assert (made.signed_in, json.loads(file.read_text())) == (0, {"refresh": "refresh 0"})


def test_a_kiosk_types_its_one_time_password_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = stage(monkeypatch, KIOSK)
    monkeypatch.setattr(sys, "stdin", io.StringIO("kiosk-7\n"))
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: "one-time")
    assert [get(made, KIOSK, tmp_path / "kiosk.json") for _ in range(2)] == [made.access] * 2
    assert capsys.readouterr().out == ""


def test_a_disabled_kiosk_is_asked_for_a_password_that_the_pool_refuses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made, file = stage(monkeypatch, KIOSK), tmp_path / "kiosk.json"
    secret_files.write(file, {"refresh": "refresh 0"})
    made.enabled = False
    monkeypatch.setattr(sys, "stdin", io.StringIO("kiosk-7\n"))
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: "one-time")
    with pytest.raises(SignInError, match="NotAuthorized"):
        get(made, KIOSK, file)


@pytest.mark.parametrize(
    ("role", "advice"), [(BOT, "POST /api/depot/bots/{id}/token as staff"), (CUSTOMER, "a kiosk opens a customer's")]
)
def test_robots_and_customers_of_a_stage_have_no_token_here(
    monkeypatch: pytest.MonkeyPatch, role: str, advice: str
) -> None:
    with pytest.raises(OperateError, match=f"no {role}'s token of a stage on AWS: {re.escape(advice)}"):
        run(argparse.Namespace(stage="prod", role=role), stage(monkeypatch))


def test_a_pool_that_does_not_answer_is_said_to_be_unreachable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def post(*_: Any, **__: Any) -> httpx.Response:
        raise httpx.ConnectError("name or service not known")

    made = stage(monkeypatch, STAFF)
    monkeypatch.setattr(httpx, "post", post)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    secret_files.write(tmp_path / "mallbots" / "prod-staff.json", {"refresh": "refresh 0"})
    with pytest.raises(OperateError, match="user pool of prod does not answer: name or service not known"):
        run(argparse.Namespace(stage="prod", role=STAFF), made)


def test_a_port_that_is_in_use_is_named_before_anybody_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_use(*_: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(HTTPServer, "__init__", in_use)
    login = ManagedLogin("https://login.test", "staff-app", "http://localhost:4590/signed-in")
    with pytest.raises(SignInError, match=r"port 4590 of this machine \(Address already in use\)"):
        login.sign_in(pytest.fail)


def test_a_local_cloud_without_a_deployment_says_so(tmp_path: Path) -> None:
    with pytest.raises(OperateError, match="nothing is deployed to it yet"):
        run(argparse.Namespace(stage="local", role=STAFF), LocalCloud(4999, tmp_path))


def test_a_stage_on_aws_without_a_region_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert main(["token", "--stage", "dev", "--role", STAFF]) == 1
    assert "export AWS_DEFAULT_REGION" in capsys.readouterr().err


def test_a_customers_token_of_the_local_cloud_comes_with_the_customers_id(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": "ada"}).encode()).decode()
    monkeypatch.setattr(LocalCloud, "output", lambda cloud, name: "there")
    monkeypatch.setattr(people, "token", lambda cloud, role: f"e30.{payload}.signature")
    assert run(argparse.Namespace(stage="local", role=CUSTOMER), LocalCloud(4999, tmp_path)) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (f"e30.{payload}.signature\n", "a token of customer ada\n")
