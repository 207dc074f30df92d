"""A service as deployed: its resources follow from what its code registers (kernel/composition/manifest.py)."""

from typing import Any

import jsii
from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.customers.synthetic import synthetic
from functions.kernel.composition.manifest import Manifest
from functions.kernel.eventstore.item import MESSAGES
from functions.kernel.messaging.queries import Queries
from functions.kernel.messaging.scheduled import Scheduled
from functions.kernel.rest.http import Api
from functions.kernel.rest.socket import Socket
from functions.operations.consumers import FAILURES
from functions.operations.exporter import exporter
from infra.alarms import Alarms, Watched, add_alarms
from infra.audit import AuditTable
from infra.function import ServiceFunction, Shipped
from infra.grants import Grants
from infra.identity import ASKED
from infra.iot import RobotsTopics
from infra.live import SocketRoutes
from infra.names import FORECAST, OPERATIONS, QUERIES, RELAY, REPLAY, bus_name, function_name, queue_name
from infra.operations import SCHEDULED_TIMEOUT, Outcomes, let_know_services, run_by_schedule
from infra.queues import FUNCTION_TIMEOUT, ConsumedQueue, InboxQueue, failure_queue
from infra.rollout import shift_gradually
from infra.routes import add_routes
from infra.service_levels import add_service_level
from infra.stages import Stage
from infra.synthetic import add_synthetic_orders
from infra.traces import TracesQueue
from infra.vault import Vault

API_TIMEOUT = 10
QUERIES_TIMEOUT = 5
STREAM_RETRIES = -1  # without limit, as long as a record is not older than this: an outage must not use tries up
STREAM_HOURS = 12
# Operations invokes these and waits for the answer: it tells the operator what fails, so they need no alarms.
TOOLS = ("Forecast", "Replay")


class Service(Construct):
    """Tables, relay, API, inboxes, queries and socket of one service; each function may do what it needs."""

    def __init__(
        self,
        scope: Stack,
        construct_id: str,
        *,
        stage: Stage,
        manifest: Manifest,
        ships: Shipped,
    ) -> None:
        super().__init__(scope, construct_id)
        self.stage, self.manifest, self._stack = stage, manifest, scope
        self._ships = ships
        self.functions: dict[str, ServiceFunction] = {}
        self.table = self._event_table() if manifest.publisher else None
        self.views = self._views_table() if manifest.projections else None
        self.vault = self._vault() if manifest.has_vault else None
        self.inboxes = {
            inbox.queue: InboxQueue(self, inbox.queue.title(), stage=stage, service=manifest.service, inbox=inbox)
            for inbox in manifest.inboxes
        }
        for queue in self.inboxes.values():
            queue.give_way({self.inboxes[name] for name in queue.inbox.moved.values()})
        self.topics = RobotsTopics(self, "Topics", stage=stage, topics=manifest.topics) if manifest.topics else None
        self._grants = Grants(
            stack=scope,
            stage=stage,
            manifest=manifest,
            bus=events.EventBus.from_event_bus_name(self, "Bus", bus_name(stage)),
            table=self.table,
            views=self.views,
            vault=self.vault,
            inboxes=self.inboxes,
        )
        is_operations = manifest.service == OPERATIONS
        self.outcomes = Outcomes(self, "Outcomes", stage=stage) if is_operations else None
        self.audit = AuditTable(self, "Audit", stage=stage, settings=self._table_settings()) if is_operations else None
        for queue in self.inboxes.values():
            self._consumer(queue)
        if self.topics:
            self._topics(self.topics)
        if manifest.has_consumers:
            self._forecast()
        if manifest.makes_rows:
            self._replay()
        for scheduled in manifest.scheduled:
            self._scheduled(scheduled)
        if manifest.service == OPERATIONS and stage.traces:
            self._traces()
        if manifest.service == synthetic.service and stage.synthetic:
            self._synthetic()
        if manifest.api:
            self._api(manifest.api)
        if manifest.queries:
            self._queries(manifest.queries)
        if manifest.socket:
            self._socket(manifest.socket)
        self.relay_failures = self._relay() if self.table else None
        self._alarms()
        self._outputs()

    def _event_table(self) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            "Events",
            partition_key=dynamodb.Attribute(name="stream", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="version", type=dynamodb.AttributeType.NUMBER),
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            **self._table_settings(),
        )

    def _views_table(self) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Views",
            partition_key=dynamodb.Attribute(name="partition", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sort", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expires",
            **self._table_settings(),
        )
        for index in self.manifest.indexes:
            table.add_global_secondary_index(
                index_name=index,
                partition_key=dynamodb.Attribute(name=f"{index}_partition", type=dynamodb.AttributeType.STRING),
                sort_key=dynamodb.Attribute(name=f"{index}_sort", type=dynamodb.AttributeType.STRING),
            )
        return table

    def _vault(self) -> Vault:
        return Vault(self, "Vault", stage=self.stage, table_settings=self._table_settings())

    def _table_settings(self) -> dict[str, Any]:
        return {
            "billing_mode": dynamodb.BillingMode.PAY_PER_REQUEST,
            "point_in_time_recovery_specification": dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            "encryption": dynamodb.TableEncryption.AWS_MANAGED if self.stage.kms else dynamodb.TableEncryption.DEFAULT,
            "deletion_protection": self.stage.keep,
            "removal_policy": RemovalPolicy.RETAIN if self.stage.keep else RemovalPolicy.DESTROY,
        }

    def _function(
        self, construct_id: str, handler: str, timeout: int, name: str | None = None, reserved: int | None = None
    ) -> ServiceFunction:
        function = ServiceFunction(
            self,
            construct_id,
            stage=self.stage,
            service=self.manifest.service,
            handler=handler,
            ships=self._ships,
            timeout=timeout,
            name=name,
            reserved=reserved,
        )
        self.functions[construct_id] = function
        if self.manifest.service == OPERATIONS:
            let_know_services(function, self.stage)
        return function

    def _named_function(
        self, construct_id: str, handler: str, timeout: int, reserved: int | None = None
    ) -> ServiceFunction:
        """A function that other stacks address: it is named after its handler."""
        name = function_name(self.stage, self.manifest.service, handler)
        return self._function(construct_id, handler, timeout, name, reserved)

    def _api(self, api: Api) -> None:
        function = self._function("Api", "api", API_TIMEOUT, reserved=self.stage.api_concurrency)
        self._grants.api(function, api)
        add_routes(self._stack, self.stage, function, self.manifest)

    def _consumer(self, queue: InboxQueue) -> None:
        name = queue.inbox.queue
        function = self._named_function(name.title() + "Worker", name, FUNCTION_TIMEOUT)
        self._grants.worker(function, queue.inbox)
        queue.add_consumer(function)

    def _topics(self, topics: RobotsTopics) -> None:
        function = self._named_function("TopicsWorker", topics.name, FUNCTION_TIMEOUT)
        self._grants.topics(function, topics)
        topics.add_consumer(function)

    def _forecast(self) -> None:
        """What would become of a letter: the consumers' own code, in a function that can only read."""
        self._grants.forecast(self._named_function("Forecast", FORECAST, FUNCTION_TIMEOUT))

    def _replay(self) -> None:
        """The projections' own code, in a function that can write rows and nothing else."""
        self._grants.replay(self._named_function("Replay", REPLAY, FUNCTION_TIMEOUT))

    def _scheduled(self, scheduled: Scheduled) -> None:
        function = self._named_function(scheduled.name.title(), scheduled.name, SCHEDULED_TIMEOUT)
        self._grants.scheduled(function, scheduled)
        run_by_schedule(self, self.stage, scheduled, function)

    def _traces(self) -> None:
        function = self._function("Exporter", "exporter", FUNCTION_TIMEOUT)
        self._grants.scheduled(function, exporter)
        TracesQueue(self, "Traces", stage=self.stage, function=function)

    def _synthetic(self) -> None:
        function = self._named_function("Synthetic", synthetic.name, SCHEDULED_TIMEOUT)
        self._grants.scheduled(function, synthetic)
        add_synthetic_orders(self, self.stage, function)

    def _queries(self, queries: Queries) -> None:
        # Whoever the authorizer asks must answer while queues' workers are busy, or the gateway keeps 503 for a minute.
        reserved = self.stage.api_concurrency if self.manifest.service in ASKED else None
        function = self._named_function("Queries", QUERIES, QUERIES_TIMEOUT, reserved)
        self._grants.queries(function, queries)

    def _socket(self, socket: Socket) -> None:
        function = self._function("Socket", "socket", API_TIMEOUT, reserved=self.stage.api_concurrency)
        self._grants.socket(function, socket)
        service = self.manifest.service
        SocketRoutes(self._stack, "Socket", stage=self.stage, service=service, function=function)

    def _relay(self) -> sqs.Queue:
        assert self.table
        function = self._named_function("Relay", RELAY, FUNCTION_TIMEOUT)
        self._grants.relay(function, self.table)
        name = queue_name(self.stage, self.manifest.service, RELAY, FAILURES)
        failures = failure_queue(self, "RelayFailures", name)
        # Lambda sends there, as the function's role, what it gives up; the relay itself what the bus refuses.
        function.let(["sqs:SendMessage"], failures.queue_arn, DEAD_LETTERS_URL=failures.queue_url)
        # Commits with messages; "exists" works on leaves only. The relay looks at eventName again: AWS's page for
        # DynamoDB names filters on the key `dynamodb` alone.
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
        # https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
        inserted = {
            "eventName": lambda_.FilterRule.is_equal("INSERT"),
            "dynamodb": {"NewImage": {MESSAGES: {"S": lambda_.FilterRule.exists()}}},
        }
        lambda_.EventSourceMapping(
            self,
            "Stream",
            target=function.live,
            event_source_arn=self.table.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            # Records of one item key stay in order. The relay needs none between streams, since no consumer does.
            parallelization_factor=self.stage.parallel_relays,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=STREAM_RETRIES,
            max_record_age=Duration.hours(STREAM_HOURS),
            on_failure=_Failures(failures),
            filters=[lambda_.FilterCriteria.filter(inserted)],
        )
        return failures

    def _alarms(self) -> None:
        dead_letters = [queue for one in self._consumed.values() for queue in (one.dead_letters, one.undelivered)]
        if self.relay_failures:
            dead_letters.append(self.relay_failures)
        if self.outcomes:
            dead_letters += [self.outcomes.queue, self.outcomes.dead_letters]
        watched = Watched(
            service=self.manifest.service,
            functions={name: made.function for name, made in self.functions.items() if name not in TOOLS},
            queues=[one.queue for one in self._consumed.values()],
            dead_letters=dead_letters,
            tables={
                **({self.table: ()} if self.table else {}),
                **({self.views: self.manifest.indexes} if self.views else {}),
                **({self.audit.table: ()} if self.audit else {}),
                **({self.vault.table: (), self.vault.erasures: ()} if self.vault else {}),
            },
            own_alarms=self.manifest.alarms,
        )
        errors = add_alarms(self, self.stage, watched)
        if self.stage.service_levels and self.manifest.levels:
            self._service_levels()
        shift_gradually(self, self.stage, [function.live for function in self.functions.values()], errors)

    def _service_levels(self) -> None:
        alarms = Alarms(Construct(self, "Levels"), self.stage, self.manifest.service)
        for level in self.manifest.levels:
            add_service_level(alarms, level, self.inboxes["inbox"].queue)

    @property
    def _consumed(self) -> dict[str, ConsumedQueue]:
        """The queues that its functions consume, by name."""
        return {**self.inboxes, **({self.topics.name: self.topics} if self.topics else {})}

    def _outputs(self) -> None:
        if self.table:
            CfnOutput(self._stack, "EventsTable", value=self.table.table_name)
        if self.views:
            CfnOutput(self._stack, "ViewsTable", value=self.views.table_name)
        if self.audit:
            CfnOutput(self._stack, "AuditTable", value=self.audit.table.table_name)
        if self.vault:
            CfnOutput(self._stack, "VaultTable", value=self.vault.table.table_name)
            CfnOutput(self._stack, "ErasuresTable", value=self.vault.erasures.table_name)
            CfnOutput(self._stack, "PersonalDataKey", value=self.vault.key.key_arn)
        for name, queue in self._consumed.items():
            CfnOutput(self._stack, f"{name.title()}Queue", value=queue.queue.queue_url)
            CfnOutput(self._stack, f"{name.title()}DeadLetters", value=queue.dead_letters.queue_url)
            CfnOutput(self._stack, f"{name.title()}Undelivered", value=queue.undelivered.queue_url)
        if self.relay_failures:
            CfnOutput(self._stack, "RelayFailures", value=self.relay_failures.queue_url)
        if self.outcomes:
            CfnOutput(self._stack, "OutcomesQueue", value=self.outcomes.queue.queue_url)
            CfnOutput(self._stack, "OutcomesDeadLetters", value=self.outcomes.dead_letters.queue_url)
        for name, function in self.functions.items():
            CfnOutput(self._stack, f"{name}Function", value=function.live.function_name)
            CfnOutput(self._stack, f"{name}Logs", value=function.log_group.log_group_name)


@jsii.implements(lambda_.IEventSourceDlq)
class _Failures:
    """A queue for what a stream gives up. The CDK's own (SqsDlq) grants more than Lambda needs, SendMessage."""

    def __init__(self, queue: sqs.Queue) -> None:
        self._queue = queue

    def bind(
        self, target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction
    ) -> lambda_.DlqDestinationConfig:
        return lambda_.DlqDestinationConfig(destination=self._queue.queue_arn)
