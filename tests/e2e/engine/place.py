"""The engine as a place for the cases of the differential suite (tests/simulation/differential)."""

import inspect
import json
import textwrap
from collections.abc import Callable
from typing import Any

from events.registry import Timer
from tests.e2e.engine.workbench import Function, Workbench, eventually
from tests.e2e.engine.workbench import Queue as Made
from tests.simulation.differential.case import Case
from tests.simulation.differential.place import INDEX, Letter, Queue, Work

BUS = "differential"
VISIBILITY = "4"  # seconds: short for retries, yet long enough for a busy machine to handle a message
WARM = {"warm": True}
INSERTED = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"messages": {"S": [{"exists": True}]}}}}

# The tools of a case's function; its source follows.
TOOLS = """\
if event == {"warm": True}:
    return
Any = Event = Tools = object

class Tools_:
    def note(self, what):
        note(what)
    def sleep(self, seconds):
        time.sleep(seconds)
    def retry_in(self, receipt, seconds):
        import boto3
        boto3.client("sqs").change_message_visibility(
            QueueUrl=os.environ["QUEUE"], ReceiptHandle=receipt, VisibilityTimeout=seconds
        )

"""


class EnginePlace:
    """The engine; each case has names of its own."""

    bus = BUS

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._functions: dict[str, Function] = {}
        self._streams: dict[str, str] = {}
        self.dynamodb = bench.client("dynamodb")
        self.sqs = bench.client("sqs")
        self.functions = bench.client("lambda")
        self.events = bench.client("events")
        self.source = f"mallbots.{bench.name('case')}"

    def close(self) -> None:
        """Remove what would keep running: event sources, and the processes of functions."""
        self._bench.close()
        for name in self._functions:
            self.functions.delete_function(FunctionName=name)

    def commits(self) -> str:
        return self._table("stream", "version", "N")

    def rows(self) -> str:
        return self._table("partition", "sort", "S", INDEX)

    def _table(self, partition: str, sort: str, sort_type: str, index: str | None = None) -> str:
        keys = [(partition, "S"), (sort, sort_type)]
        more: dict[str, Any] = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}
        if index:
            index_keys = [(f"{index}_partition", "S"), (f"{index}_sort", "S")]
            shown = {"IndexName": index, "KeySchema": _schema(index_keys), "Projection": {"ProjectionType": "ALL"}}
            more = {"GlobalSecondaryIndexes": [shown]}
            keys += index_keys
        made = self.dynamodb.create_table(
            TableName=self._bench.name("table"),
            KeySchema=_schema(keys[:2]),
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in keys],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )["TableDescription"]
        name: str = made["TableName"]
        self._streams[name] = made.get("LatestStreamArn", "")
        return name

    def queue(self, *, fifo: bool = False, dead_letters: Queue | None = None, max_receives: int = 0) -> Queue:
        attributes = {"VisibilityTimeout": VISIBILITY}
        if fifo:
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        if dead_letters:
            redrive = {"deadLetterTargetArn": dead_letters.name, "maxReceiveCount": max_receives}
            attributes["RedrivePolicy"] = json.dumps(redrive)
        made = self._bench.queue(".fifo" if fifo else "", **attributes)
        return Queue(made.url, made.arn)

    def function(self, work: Work, *, timeout: int = 10, queue: Queue | None = None) -> str:
        source = textwrap.dedent(inspect.getsource(work))
        body = f"{TOOLS}{source}\nreturn {work.__name__}(event, Tools_())\n"
        made = self._bench.function(body, Timeout=timeout)
        if queue:
            variables = {"JOURNAL": str(made.journal), "QUEUE": queue.url}
            self.functions.update_function_configuration(FunctionName=made.name, Environment={"Variables": variables})
        self._bench.invoke(made, WARM)  # a cold start may take longer than the visibility timeout
        self._functions[made.name] = made
        return made.name

    def notes(self, function: str) -> list[Any]:
        return self._functions[function].notes()

    def feed(self, function: str, queue: Queue, batch: int = 10) -> None:
        self._bench.feed(
            self._functions[function], queue.name, BatchSize=batch, FunctionResponseTypes=["ReportBatchItemFailures"]
        )

    def follow(
        self, function: str, table: str, *, batch: int = 100, retries: int = 1, failures: Queue | None = None
    ) -> None:
        more = {"DestinationConfig": {"OnFailure": {"Destination": failures.name}}} if failures else {}
        self._bench.feed(
            self._functions[function],
            self._streams[table],
            BatchSize=batch,
            MaximumRetryAttempts=retries,
            BisectBatchOnFunctionError=True,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            FilterCriteria={"Filters": [{"Pattern": json.dumps(INSERTED)}]},
            **more,
        )

    def rule(self, names: list[str], to: list[Any], queue: Queue, *, group: str = "", reachable: bool = True) -> Queue:
        undelivered, name = self.queue(), self._bench.name("rule")
        pattern = {"source": [self.source], "detail-type": names, "detail": {"to": to}}
        arn = self.events.put_rule(Name=name, EventBusName=BUS, EventPattern=json.dumps(pattern))["RuleArn"]
        self._bench.allow_rule(arn, *(Made(to_send.url, to_send.name) for to_send in (queue, undelivered)))
        target: dict[str, Any] = {"Id": "Queue", "Arn": queue.name, "DeadLetterConfig": {"Arn": undelivered.name}}
        if group:
            target["SqsParameters"] = {"MessageGroupId": group}
        self.events.put_targets(Rule=name, EventBusName=BUS, Targets=[target])
        if not reachable:
            self.sqs.delete_queue(QueueUrl=queue.url)
        return undelivered

    def schedule(self, timer: type[Timer], queue: Queue) -> None:
        """An event in place of a schedule, which takes a minute: the case observes the target's template."""
        name = self._bench.name("rule")
        template = f'{{"detail-type": "{timer.about.name}", "version": {timer.about.version}, "time": <time>}}'
        transformer = {"InputPathsMap": {"time": "$.time"}, "InputTemplate": template}
        pattern = json.dumps({"source": [self.source]})
        arn = self.events.put_rule(Name=name, EventBusName=BUS, EventPattern=pattern)["RuleArn"]
        self._bench.allow_rule(arn, Made(queue.url, queue.name))
        target = {"Id": "Queue", "Arn": queue.name, "InputTransformer": transformer}
        self.events.put_targets(Rule=name, EventBusName=BUS, Targets=[target])
        entry = {"EventBusName": BUS, "Source": self.source, "DetailType": "Scheduled Event", "Detail": "{}"}
        self.events.put_events(Entries=[entry])

    def throttle(self, function: str) -> None:
        self.functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    def take(self, queue: Queue, number: int = 1) -> list[Letter]:
        found: list[Letter] = []

        def enough() -> bool:
            for message in self._bench.receive(Made(queue.url, queue.name)):
                attributes = {
                    name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()
                }
                found.append(
                    Letter(message["Body"], attributes, message.get("Attributes", {}).get("MessageGroupId", ""))
                )
            return len(found) >= number

        eventually(enough)
        return found

    def depth(self, queue: Queue) -> int:
        return self._bench.depth(Made(queue.url, queue.name))

    def until(self, probe: Callable[[], Any]) -> Any:
        return eventually(probe)


def _schema(keys: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for (name, _), kind in zip(keys, ("HASH", "RANGE"), strict=True)]


def observe(case: Case, bench: Workbench) -> Any:
    """What a case observes on the engine."""
    place = EnginePlace(bench)
    try:
        return case.do(place)
    finally:
        place.close()
