"""What `make up` does beside deploying, and whether it deploys."""

import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

import infra.local.up
from infra.local import process
from infra.local.cloud import LocalCloud
from infra.local.deployed import forget, is_deployed, note
from infra.local.lock import alone_in
from infra.local.process import LocalCloudError
from infra.local.up import deploy, make_keys, up


def test_a_mall_in_which_no_key_can_be_made_is_not_up() -> None:
    failed = {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "the secret is damaged"}')}
    lambdas = SimpleNamespace(invoke=lambda **_: failed)
    cloud: Any = SimpleNamespace(client=lambda *_, **__: lambdas, output=lambda name: name)
    with pytest.raises(LocalCloudError, match="no key signs tokens"):
        make_keys(cloud)


def test_two_ups_of_one_state_do_not_run_at_once(tmp_path: Path) -> None:
    with alone_in(tmp_path / "state"):
        with pytest.raises(LocalCloudError, match="wait until it has ended, or use another STATE and PORT"):
            up(LocalCloud(4_619, tmp_path / "state"))
        with alone_in(tmp_path / "another"):
            pass
    with alone_in(tmp_path / "state"):
        pass


class _Other(BaseHTTPRequestHandler):
    """Another program on the engine's port, which says of everything that it is well; then the engine ends."""

    ends: Path

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"services": {}, "pid": 1}')
        self.ends.touch()

    def log_message(self, *_: object) -> None: ...


def test_another_program_that_answers_on_the_port_is_not_deployed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> None:
    """It takes the port between the look whether it is free and the engine's own bind."""
    interpreter, ends = tmp_path / ".engine" / "bin" / "python", tmp_path / "ends"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(f"#!/bin/sh\nwhile [ ! -e '{ends}' ]; do :; done\nexit 7\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(process, "ROOT", tmp_path)
    monkeypatch.setattr(process, "is_free", lambda _port: True)
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Other", (_Other,), {"ends": ends})) as other:
        Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        engine = process.Engine(other.server_port, tmp_path / "state", {"IOT_MTLS_PORT": "1"})
        with pytest.raises(LocalCloudError, match="the engine ended with code 7"):
            engine.start()
        other.shutdown()
    assert not engine.is_running()


@pytest.fixture
def cloud() -> Iterator[Any]:
    """A cloud with two stacks."""
    stacks = ["mallbots-local-platform", "mallbots-local-depot"]
    with mock_aws():
        topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
        for stack in stacks:
            boto3.client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(topic))
        yield SimpleNamespace(client=boto3.client, outputs=lambda: {stack: {} for stack in stacks})


def test_what_was_deployed_of_the_same_sources_is_not_deployed_again(cloud: Any) -> None:
    assert not is_deployed(cloud, "a digest")
    note(cloud, "a digest")
    assert is_deployed(cloud, "a digest")
    assert not is_deployed(cloud, "another")


@pytest.mark.parametrize("now", ["what was read", "an edit"])
def test_what_counts_as_deployed_is_what_was_read_whatever_the_sources_are_before_and_after(
    cloud: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: str
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {}}))
    cloud.bootstrap, cloud.deploy = lambda: False, lambda _app, _report: None
    cloud.synthesize = lambda _settings: (tmp_path, "what was read")
    monkeypatch.setattr(infra.local.up, "remove_leftover", lambda *_: [])
    monkeypatch.setattr(infra.local.up, "made_of", lambda _settings: now)
    said: list[str] = []
    deploy(cloud, {}, said.append)
    assert is_deployed(cloud, "what was read")
    assert not is_deployed(cloud, "an edit")
    assert any("make up deploys what they are now" in line for line in said) == (now == "an edit")
    deploy(cloud, {}, said.append)
    assert ("up to date" in said[-1]) == (now == "what was read")


def test_a_deployment_that_did_not_end_is_made_again(cloud: Any) -> None:
    note(cloud, "a digest")
    forget(cloud)
    assert not is_deployed(cloud, "a digest")


def test_a_deployment_of_which_a_stack_is_gone_is_made_again(cloud: Any) -> None:
    note(cloud, "a digest")
    boto3.client("cloudformation").delete_stack(StackName="mallbots-local-depot")
    assert not is_deployed(cloud, "a digest")


def test_a_state_without_the_outputs_of_a_deployment_is_deployed_to(cloud: Any) -> None:
    note(cloud, "a digest")
    cloud.outputs = dict
    assert not is_deployed(cloud, "a digest")
