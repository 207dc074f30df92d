"""What the simulation knows of the deployment: facts that are read out of the synthesized templates of a stage.

    python -m tests.simulation.templates        synthesizes the stage, and writes deployed.json anew

deployed.json is committed, so that no schedule waits for a synthesis; tests/infra/test_simulated_cloud.py compares it
with the templates. Names are those of the simulation: `mallbots-dev-depot-inbox` is "depot/inbox".
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from events.registry import Timer

STAGE = "dev"  # as prod in all that is read here, without an adapter for payments
FILE = Path(__file__).with_name("deployed.json")
HANDLERS = "functions.kernel.composition.compose."
FIFO = ".fifo"


class Facts(BaseModel):
    """Facts of a kind of resource."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DeployedFunction(Facts):
    """timeout: seconds. oldest: seconds for which Lambda tries to run what was invoked asynchronously."""

    timeout: float
    oldest: int | None = None


class DeployedQueue(Facts):
    """visibility: seconds. max_receives: before SQS moves a message to `dead_letters`."""

    visibility: int
    fifo: bool
    max_receives: int | None
    dead_letters: str | None


class DeployedMapping(Facts):
    """A queue that a function consumes. window: seconds. concurrency: batches at once, None where nothing limits it."""

    batch: int = 10
    window: float = 0.0
    concurrency: int | None = None
    reports_failures: bool = True


class DeployedStream(Facts):
    """A table's stream that its relay consumes. retries: -1 is without limit. oldest: seconds."""

    batch: int
    retries: int
    oldest: int
    bisects: bool
    reports_failures: bool
    failures: str
    patterns: tuple[str, ...]


class DeployedRule(Facts):
    """A rule of the bus: what its pattern matches goes to a queue, or to `undelivered`."""

    pattern: dict[str, Any]
    undelivered: str
    group: str


class DeployedTimer(Facts):
    """A schedule that sends a message to a queue. body: with `<time>` where the time is put."""

    expression: str
    queue: str
    body: str


class Deployed(Facts):
    """All facts.

    rules: by queue. timers, schedules: expressions by name, of messages and of functions that are run. robots_policy:
    what robots may use, such as `topic/…`, by action; and the attributes with which they may connect.
    """

    functions: dict[str, DeployedFunction]
    queues: dict[str, DeployedQueue]
    mappings: dict[str, DeployedMapping]
    streams: dict[str, DeployedStream]
    rules: dict[str, DeployedRule]
    timers: dict[str, DeployedTimer]
    schedules: dict[str, str]
    robots_rules: dict[str, str]
    robots_policy: dict[str, tuple[str, ...]]


_deployed: list[Deployed] = []


def deployed() -> Deployed:
    """The facts of the committed file, read once in a process."""
    if not _deployed:
        use(FILE.read_text())
    return _deployed[0]


def use(text: str) -> None:
    """Have other facts from now on, as JSON. Raises ValueError for what is none."""
    _deployed[:] = [Deployed.model_validate_json(text)]


def a_stream() -> DeployedStream:
    """How any table of events is followed: all are alike."""
    return next(iter(deployed().streams.values()))


def timer_body(timer: type[Timer]) -> str:
    """What the schedule of a timer sends."""
    return deployed().timers[timer.about.name].body


def extract(stacks: Mapping[str, Mapping[str, Any]]) -> Deployed:
    """The facts of a stage's templates, by stack."""
    return Deployed.model_validate(_merged(_Stack(name, template) for name, template in sorted(stacks.items())))


def as_text(facts: Deployed) -> str:
    """The facts as the file has them."""
    return json.dumps(facts.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"


def _merged(stacks: Iterator["_Stack"]) -> dict[str, dict[str, Any]]:
    kinds = [stack.facts() for stack in stacks]
    return {kind: {name: fact for facts in kinds for name, fact in facts[kind].items()} for kind in kinds[0]}


class _Stack:
    """One template, of one service or of what all share."""

    def __init__(self, name: str, template: Mapping[str, Any]) -> None:
        self._service = {"platform": "gateway"}.get(name, name)
        self._resources = template["Resources"]

    def facts(self) -> dict[str, dict[str, Any]]:
        """The facts of each kind."""
        mappings = list(self._of("AWS::Lambda::EventSourceMapping"))
        rules = list(self._of("AWS::Events::Rule"))
        return {
            "functions": dict(map(self._function, self._names("AWS::Lambda::Function"))),
            "queues": dict(map(self._queue, self._of("AWS::SQS::Queue"))),
            "mappings": dict(self._mapping(each) for each in mappings if not _reads_stream(each)),
            "streams": dict(self._stream(each) for each in mappings if _reads_stream(each)),
            "rules": dict(self._rule(each) for each in rules if "EventPattern" in each),
            "timers": dict(self._timer(each) for each in rules if _is_timer(each)),
            "schedules": dict(self._schedule(each) for each in rules if _is_schedule(each)),
            "robots_rules": dict(map(self._robots_rule, self._of("AWS::IoT::TopicRule"))),
            "robots_policy": dict(each for policy in self._of("AWS::IoT::Policy") for each in _allowed(policy)),
        }

    def _names(self, kind: str) -> Iterator[str]:
        return (name for name, resource in self._resources.items() if resource["Type"] == kind)

    def _of(self, kind: str) -> Iterator[dict[str, Any]]:
        return (self._resources[name]["Properties"] for name in self._names(kind))

    def _function(self, logical: str) -> tuple[str, dict[str, Any]]:
        properties = self._resources[logical]["Properties"]
        oldest = [
            config["MaximumEventAgeInSeconds"]
            for config in self._of("AWS::Lambda::EventInvokeConfig")
            if config["FunctionName"] == {"Ref": logical}
        ]
        return self._function_name(logical), {"timeout": properties["Timeout"], "oldest": next(iter(oldest), None)}

    def _function_name(self, logical: str) -> str:
        part = str(self._resources[logical]["Properties"]["Handler"]).removeprefix(HANDLERS)
        return f"{self._service}/{part}"

    def _queue(self, properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        redrive = properties.get("RedrivePolicy")
        return self._queue_name(properties), {
            "visibility": properties.get("VisibilityTimeout", 30),
            "fifo": properties.get("FifoQueue", False),
            "max_receives": redrive["maxReceiveCount"] if redrive else None,
            "dead_letters": self._queue_at(redrive["deadLetterTargetArn"]) if redrive else None,
        }

    def _queue_name(self, properties: Mapping[str, Any]) -> str:
        """A queue of a consumer is `<service>/<consumer>`, its dead letters `<service>/<consumer>/dead-letters`."""
        own = properties["QueueName"].removesuffix(FIFO).removeprefix(f"mallbots-{STAGE}-{self._service}-")
        for end in ("dead-letters", "undelivered", "failures"):
            if own.endswith(f"-{end}"):
                return f"{self._service}/{own.removesuffix(f'-{end}')}/{end}"
        return f"{self._service}/{own}"

    def _queue_at(self, reference: Mapping[str, Any]) -> str:
        return self._queue_name(self._resources[reference["Fn::GetAtt"][0]]["Properties"])

    def _mapping(self, properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        return self._queue_at(properties["EventSourceArn"]), {
            "batch": properties["BatchSize"],
            "window": properties.get("MaximumBatchingWindowInSeconds", 0),
            "concurrency": properties.get("ScalingConfig", {}).get("MaximumConcurrency"),
            "reports_failures": "ReportBatchItemFailures" in properties["FunctionResponseTypes"],
        }

    def _stream(self, properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        return f"{self._service}/events", {
            "batch": properties["BatchSize"],
            "retries": properties["MaximumRetryAttempts"],
            "oldest": properties["MaximumRecordAgeInSeconds"],
            "bisects": properties["BisectBatchOnFunctionError"],
            "reports_failures": "ReportBatchItemFailures" in properties["FunctionResponseTypes"],
            "failures": self._queue_at(properties["DestinationConfig"]["OnFailure"]["Destination"]),
            "patterns": [each["Pattern"] for each in properties["FilterCriteria"]["Filters"]],
        }

    def _rule(self, properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        [target] = properties["Targets"]
        return self._queue_at(target["Arn"]), {
            "pattern": properties["EventPattern"],
            "undelivered": self._queue_at(target["DeadLetterConfig"]["Arn"]),
            "group": target.get("SqsParameters", {}).get("MessageGroupId", ""),
        }

    def _timer(self, properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        [target] = properties["Targets"]
        name = properties["Name"].removeprefix(f"mallbots-{STAGE}-{self._service}-")
        return name, {
            "expression": properties["ScheduleExpression"],
            "queue": self._queue_at(target["Arn"]),
            "body": target["InputTransformer"]["InputTemplate"],
        }

    def _schedule(self, properties: Mapping[str, Any]) -> tuple[str, str]:
        [target] = properties["Targets"]
        return self._function_name(target["Arn"]["Fn::GetAtt"][0]), properties["ScheduleExpression"]

    def _robots_rule(self, properties: Mapping[str, Any]) -> tuple[str, str]:
        name = properties["RuleName"].removeprefix(f"mallbots_{STAGE}_robots_")
        return name, properties["TopicRulePayload"]["Sql"]


def _allowed(policy: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What a policy of AWS IoT allows, by action."""
    for statement in policy["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        yield statement["Action"], [arn["Fn::Join"][1][-1].removeprefix(":") for arn in resources]
        yield from statement.get("Condition", {}).get("ForAllValues:StringEquals", {}).items()


def _reads_stream(properties: Mapping[str, Any]) -> bool:
    return "StartingPosition" in properties


def _is_timer(properties: Mapping[str, Any]) -> bool:
    return "ScheduleExpression" in properties and "InputTransformer" in properties["Targets"][0]


def _is_schedule(properties: Mapping[str, Any]) -> bool:
    return "ScheduleExpression" in properties and "InputTransformer" not in properties["Targets"][0]


def main() -> None:
    """Write the file anew."""
    from tests.infra.conftest import synthesize

    with tempfile.TemporaryDirectory() as folder:
        FILE.write_text(as_text(extract(synthesize(STAGE, Path(folder) / STAGE).stacks)))


if __name__ == "__main__":
    main()
