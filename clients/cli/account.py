"""AWS, for the few verbs that need it: logs, send, cost, doctor, status --all.

A local mall's engine takes any key, and no other is asked. On AWS it is the account of the environment's credentials;
what these may do at least is in policy.json.
"""

import json
from collections.abc import Mapping
from typing import Any

from clients.cli.ending import FAILED, NOT_FOUND, EndedError, unknown
from clients.cli.stages import Stage

ACCOUNT, REGION, ANY_KEY = "000000000000", "eu-west-1", "test"  # of a local mall, whose engine accepts any key
PLATFORM = "platform"
TOO_MANY = 429
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html
THROTTLED = ("ThrottlingException", "Throttling")


class Account:
    """The clients of a stage, and the outputs of its stacks."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A client of a service of AWS, made once."""
        if service not in self._clients:
            self._clients[service] = self._made(service)
        return self._clients[service]

    def _made(self, service: str) -> Any:
        import boto3  # takes a fifth of a second, and most verbs do without

        made: Any = boto3.session.Session()
        if not self.stage.is_local:
            return made.client(service)
        return made.client(
            service,
            endpoint_url=self.stage.identity,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=ANY_KEY,
        )

    def call(self, service: str, operation: str, **asked: Any) -> Any:
        """One call, all of its pages where it has some. Raises EndedError, with the policy that it needs."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            client = self.client(service)
            if client.can_paginate(operation):
                return client.get_paginator(operation).paginate(**asked).build_full_result()
            return getattr(client, operation)(**asked)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise EndedError(error.response["Error"]["Message"], NOT_FOUND) from None
            if self.stage.is_local and isinstance(error, BotoCoreError):  # its engine asks for no permission
                raise EndedError(f"the engine does not answer ({error})", FAILED, "mallbots doctor") from None
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in THROTTLED:
                raise EndedError(f"AWS: {error}", FAILED, "try again in a moment", TOO_MANY) from None
            raise EndedError(f"AWS: {error}", FAILED, "what these credentials need: clients/cli/policy.json") from None

    def outputs(self) -> dict[str, Mapping[str, str]]:
        """The outputs of each service's stack; the gateway's are of `platform`. Raises EndedError for no stacks."""
        found = self._local() if self.stage.is_local else self._deployed()
        if not found:
            hint = "check AWS_PROFILE and AWS_REGION"
            raise EndedError(f"no stack of {self.stage.name} is in this account and region", FAILED, hint)
        return found

    def of(self, service: str) -> Mapping[str, str]:
        """The outputs of one service. Raises EndedError, with the nearest service that there is."""
        found, wanted = self.outputs(), PLATFORM if service == "gateway" else service
        if wanted not in found:
            raise unknown("service", service, found)
        return found[wanted]

    def statuses(self) -> dict[str, str]:
        """How each service's stack is, as CloudFormation says it."""
        return {name: one["StackStatus"] for name, one in self._stacks().items()}

    def ringing(self) -> list[str]:
        """The alarms that ring and notify: not those that only a composite one reads."""
        found = self.call(
            "cloudwatch",
            "describe_alarms",
            AlarmNamePrefix=f"mallbots-{self.stage.name}-",
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],  # without them it lists no composite ones
        )
        every = (*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ()))
        return sorted(one["AlarmName"] for one in every if one["StateValue"] == "ALARM" and one.get("AlarmActions"))

    def _local(self) -> dict[str, Mapping[str, str]]:
        assert self.stage.state is not None
        stacks = json.loads((self.stage.state / "outputs.json").read_text())
        return {name.rpartition("-")[2].lower(): outputs for name, outputs in stacks.items()}

    def _deployed(self) -> dict[str, Mapping[str, str]]:
        return {
            name: {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
            for name, stack in self._stacks().items()
        }

    def _stacks(self) -> dict[str, Any]:
        prefix = f"mallbots-{self.stage.name}-"
        return {
            one["StackName"].removeprefix(prefix): one
            for one in self.call("cloudformation", "describe_stacks")["Stacks"]
            if one["StackName"].startswith(prefix)
        }
