"""The local cloud: an engine that behaves like AWS, and the system deployed to it by the CDK as to any account."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.process import HOST, REGION, ROOT, Engine, LocalCloudError
from infra.local.synthesis import SILENCE, synthesize
from infra.stages import local_pages

ACCOUNT = "000000000000"
ANY_KEY = "test"  # the engine accepts any
BOOTSTRAP_STACK = "CDKToolkit"
API_OUTPUT = "ApiAddress"  # of the platform's stack
PAGES_OUTPUT = "PagesAddress"  # of the pages' stack

Outputs = dict[str, dict[str, str]]
"""Stack name → output name → value."""
Progress = Callable[[str], None]

# Matches what CloudFormation composes (amazonaws.com) and what the engine's own attributes hold (the loopback address).
_GATEWAY = re.compile(
    r"^(?P<scheme>https?|wss?)://(?P<api>[a-z0-9]+)\.execute-api\.[^/]+?(?P<path>/.*)?$",
    re.IGNORECASE,
)
_PAGES = re.compile(r"^https://[a-z0-9]+\.cloudfront\.net$")
_SIGN_IN = re.compile(r"^https://[a-z0-9-]+\.auth\.[^/]+\.amazoncognito\.com$")
_SILENCE = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_DISABLE_VERSION_CHECK": "1",
    **SILENCE,
}
_DEPLOYED = re.compile(r"✅\s+(?P<stack>\S+)(?P<unchanged> \(no changes\))?")


def no_progress(_line: str) -> None:
    """Reports nothing."""


class LocalCloud:
    """One local cloud, identified by its port and its state folder; several run side by side, each with its own.

    Args:
        port: of the loopback interface; it listens nowhere else.
        state: the folder of its state, its log and its process id. What is deployed and stored there survives a stop.
        settings: further environment variables of the engine, such as `LAMBDA_WORKERS_PER_FUNCTION` (4) or
            `AUTOSAVE_SECONDS` (3).

    Raises:
        LocalCloudError: the state belongs to another port.
    """

    def __init__(
        self, port: int = 4566, state: Path = ROOT / ".mallbots", settings: dict[str, str] | None = None
    ) -> None:
        self.engine = Engine(port, Path(state), settings or {})

    @property
    def address(self) -> str:
        """Where the engine answers, for the AWS API and for `http_address`."""
        return self.engine.address

    @property
    def broker(self) -> str:
        """Where robots connect by MQTT over TLS, as `host:port`: what `iot.describe_endpoint` has."""
        return f"{HOST}:{self.engine.mqtt_port}"

    @property
    def state(self) -> Path:
        return self.engine.state

    def start(self) -> None:
        """Start the engine in the background; one that already runs is kept.

        Raises:
            LocalCloudError: the port is in use, or the engine does not start.
        """
        self.engine.start()

    def stop(self) -> bool:
        """Save the state and stop the engine. Returns whether it was running."""
        return self.engine.stop()

    def environment(self) -> dict[str, str]:
        """The environment variables with which a program (boto3, the CDK) talks to this cloud and to no other."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": ACCOUNT,  # the engine reads a twelve-digit access key as the account id
            "AWS_SECRET_ACCESS_KEY": ANY_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": HOST,
            "no_proxy": HOST,
        }

    def client(self, service: str, endpoint: str = "", **config: Any) -> Any:
        """A boto3 client of this cloud, whatever is in the environment; `config` as for botocore's Config.

        endpoint: of a service that has one of its own, such as the connections of a WebSocket API.
        """
        # A session of its own: the default one is shared, and not safe between threads.
        session: Any = boto3.session.Session()
        return session.client(
            service,
            endpoint_url=endpoint or self.address,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=ANY_KEY,
            config=Config(**{"retries": {"total_max_attempts": 1}, "proxies": {}, **config}),
        )

    def bootstrap(self) -> bool:
        """Create what the CDK needs before its first deploy. Returns whether it was missing."""
        if self._is_bootstrapped():
            return False
        # From a folder without a cdk.json: otherwise the CDK synthesises the app only to find out the environment.
        self._cdk(["bootstrap", f"aws://{ACCOUNT}/{REGION}"], folder=self.state)
        return True

    def synthesize(self, settings: Mapping[str, str]) -> tuple[Path, str]:
        """The folder of the system's templates and assets, and the digest of what they are made of.

        settings: as for `up`. Raises LocalCloudError.
        """
        folder = self.state / "cdk.out"
        return folder, synthesize(folder, (self.engine.port, self.engine.mqtt_port), settings)

    def deploy(self, app: Path, progress: Progress = no_progress) -> Outputs:
        """Deploy all stacks of a CDK app, and return their outputs.

        Args:
            app: the folder of what was synthesized.
            progress: called with a line for each stack that is deployed.

        Raises:
            LocalCloudError: it failed; the message holds the CDK's whole output.
        """

        def report(line: str) -> None:
            deployed = _DEPLOYED.search(line)
            if deployed:
                progress(f"{deployed['stack']} {'unchanged' if deployed['unchanged'] else 'deployed'}")

        options = ["--app", str(app), "--require-approval", "never", "--concurrency", "4"]
        files = ["--outputs-file", str(self._outputs_file)]
        self._cdk(["deploy", "--all", *options, *files], folder=self.state, report=report)
        return self.outputs()

    def outputs(self) -> Outputs:
        """The outputs of the last deploy, with gateway addresses mapped by `http_address`; empty before a deploy."""
        if not self._outputs_file.exists():
            return {}
        stacks: Outputs = json.loads(self._outputs_file.read_text())
        for outputs in stacks.values():
            outputs.update({name: self.http_address(value) for name, value in outputs.items()})
        return stacks

    def output(self, name: str) -> str | None:
        """The first output of that name in any stack."""
        return next((outputs[name] for outputs in self.outputs().values() if name in outputs), None)

    @property
    def api(self) -> str:
        """The base address of the mall's API, once it is deployed."""
        return str(self.output(API_OUTPUT))

    @property
    def pages(self) -> str:
        """The origin of the pages, once they are deployed: `{pages}/console/`, `{pages}/kiosk/`, `{pages}/docs/`."""
        return str(self.output(PAGES_OUTPUT))

    def http_address(self, address: str) -> str:
        """The local address of a gateway's, a login's or the pages' address; anything else is returned unchanged.

        `https://{api}.execute-api.{region}.amazonaws.com` is `http://127.0.0.1:{port}/_aws/execute-api/{api}/$default`,
        and `wss:` is `ws:` likewise with its stage. The result has no slash at its end.
        """
        if _SIGN_IN.match(address):
            return self.address
        if _PAGES.match(address):
            return local_pages(self.address)
        gateway = _GATEWAY.match(address)
        if not gateway:
            return address
        path = (gateway["path"] or "").rstrip("/")
        if gateway["scheme"] in ("ws", "wss"):
            return f"ws://{HOST}:{self.engine.port}/_aws/execute-api/{gateway['api']}{path}"
        return f"{self.address}/_aws/execute-api/{gateway['api']}/$default{path}"

    @property
    def _outputs_file(self) -> Path:
        return self.state / "outputs.json"

    def _is_bootstrapped(self) -> bool:
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=BOOTSTRAP_STACK)["Stacks"]
        except ClientError:
            return False
        return any(stack["StackStatus"].endswith("_COMPLETE") for stack in stacks)

    def _cdk(self, arguments: list[str], folder: Path, report: Progress = no_progress) -> None:
        cdk = ROOT / "node_modules" / ".bin" / "cdk"
        if not cdk.exists():
            raise LocalCloudError("the CDK is not installed: run make install")
        others = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
        command = [str(cdk), *arguments, "--no-notices", "--no-color", "--progress", "events"]
        output = []
        with subprocess.Popen(
            command,
            cwd=folder,
            env={**others, **self.environment(), **_SILENCE},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                output.append(line)
                report(line.rstrip())
        if running.returncode != 0:
            raise LocalCloudError(
                f"cdk {arguments[0]} failed:\n{''.join(output)}\nThe engine's log is {self.engine.log}"
            )
