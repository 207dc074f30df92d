"""What each function of a service may do: exactly what its room uses and registers (kernel/runtime/uses.py).

A grant and the environment variable that names its resource are given together, so that a function finds only what it
may use. `make permissions` shows that each grant is needed, and that none is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events

from events.envelope import SOURCE_PREFIX
from events.registry import language
from functions.kernel.composition.manifest import Manifest
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.queries import Queries
from functions.kernel.messaging.scheduled import Scheduled
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import PagedAnswer
from functions.kernel.rest.socket import Socket
from functions.kernel.runtime.uses import RowUse, Uses, VaultUse
from infra.audit import let_append
from infra.function import ServiceFunction
from infra.iot import RobotsTopics
from infra.names import function_arn, queries_address, shared
from infra.operations import let_report
from infra.ports import grant_port
from infra.queues import ConsumedQueue, InboxQueue
from infra.stages import Stage
from infra.vault import KEY_ACTIONS, Vault

# A commit also reads: a commit that a repeated message or request made before, or that a conflict may hide. What a
# transaction does is authorized as the writes in it
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).
STREAM_ACTIONS = {
    "none": [],
    "load": ["dynamodb:Query"],
    "commit": ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem"],
    "rewrite": ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"],
}
ROW_ACTIONS: dict[RowUse, str] = {
    "get": "dynamodb:GetItem",
    "get_many": "dynamodb:BatchGetItem",
    "query": "dynamodb:Query",
    "put": "dynamodb:PutItem",
    "delete": "dynamodb:DeleteItem",
}
STREAM_READS = STREAM_ACTIONS["commit"][:2]
ROW_READS: tuple[Literal["get", "get_many", "query"], ...] = ("get", "get_many", "query")
# A generation is found by a prefix of its keys, which no index has: to compare or to drop it is to read all rows.
REPLAY_ACTIONS = [f"dynamodb:{action}" for action in ("GetItem", "BatchGetItem", "Scan", "PutItem", "DeleteItem")]


@dataclass(frozen=True)
class Grants:
    """The resources of a service, and how its functions are let use them."""

    stack: Stack
    stage: Stage
    manifest: Manifest
    bus: events.IEventBus
    table: dynamodb.Table | None
    views: dynamodb.Table | None
    vault: Vault | None
    inboxes: dict[str, InboxQueue]

    def api(self, function: ServiceFunction, api: Api) -> None:
        """What its routes use; to note what people ask for; with pages, the key that signs their tokens."""
        self._uses(function, api.uses)
        if any(route.audited for route in api.routes):
            let_append(function, self.stage)
        if any(route.answer and issubclass(route.answer, PagedAnswer) for route in api.routes):
            secret = shared(self.stack, self.stage, "signing-key")
            function.let(["secretsmanager:GetSecretValue"], secret, SIGNING_KEY=secret)

    def worker(self, function: ServiceFunction, inbox: Inbox) -> None:
        """What its handlers use; the rows that it feeds, and the replies to the commands that it answers."""
        self._uses(function, inbox.uses)
        if inbox.writes_rows:
            self._rows(function, ["put"])
            if not (inbox.uses.rows or inbox.uses.indexes):
                self._generations(function, inbox.uses)
        replies = [
            name
            for name, message in language().items()
            if message.about.answers and message.about.answers.about.name in inbox.commands
        ]
        if replies:
            self._publishing(function, **{"events:detail-type": replies})
        self._consuming(function, self.inboxes[inbox.queue])

    def topics(self, function: ServiceFunction, topics: RobotsTopics) -> None:
        """What its handlers use, and the rows that they write."""
        self._uses(function, topics.topics.uses)
        self._consuming(function, topics)

    def queries(self, function: ServiceFunction, queries: Queries) -> None:
        """What its answers use."""
        self._uses(function, queries.uses)

    def socket(self, function: ServiceFunction, socket: Socket) -> None:
        """What the handlers of its frames use."""
        self._uses(function, socket.uses)

    def relay(self, function: ServiceFunction, table: dynamodb.Table) -> None:
        """Publish, send the service its own reminders, read the commits of a republish: one stream, or all; count them.

        DescribeTable tells how many there are. Lambda itself reads the table's stream as the function.
        """
        self._publishing(function)
        _let_read_stream(function, table)
        actions = [f"dynamodb:{action}" for action in ("DescribeTable", "Query", "Scan")]
        function.let(actions, table.table_arn, TABLE=table.table_name)
        if self.manifest.publisher and self.manifest.publisher.reminds:
            self._sending(function, "inbox")

    def scheduled(self, function: ServiceFunction, scheduled: Scheduled) -> None:
        """What its work uses."""
        self._uses(function, scheduled.uses)

    def forecast(self, function: ServiceFunction) -> None:
        """Read what the consumers' handlers read, and ask whom they ask; nothing that they write, send or call."""
        topics = self.manifest.topics
        used = [*(inbox.uses for inbox in self.manifest.inboxes), *([topics.uses] if topics else [])]
        if self.table:  # what its relay gave up is forecast here too: its commit is looked for
            commits = any(uses.streams == "commit" for uses in used)
            function.let(STREAM_READS[: 2 if commits else 1], self.table.table_arn, TABLE=self.table.table_name)
        if self.views:  # what a row is, is read before another is noted over it
            rows = [ROW_ACTIONS[use] for use in ROW_READS if use == "get" or any(use in uses.rows for uses in used)]
            function.let(rows, self.views.table_arn, VIEWS=self.views.table_name)
        if vault := [use for use in ROW_READS if any(use in uses.vault for uses in used)]:
            assert self.vault
            table = self.vault.table
            function.let([ROW_ACTIONS[use] for use in vault], table.table_arn, VAULT=table.table_name)
        for index in sorted({index for uses in used for index in uses.indexes}):
            self._index(function, index)
        self._uses(function, Uses(asks=tuple(dict.fromkeys(query for uses in used for query in uses.asks))))

    def replay(self, function: ServiceFunction) -> None:
        """Write the rows of a read model in each of its generations, compare these, and drop one; nothing else."""
        assert self.views, f"{self.manifest.service} has no rows"
        function.let(REPLAY_ACTIONS, self.views.table_arn, VIEWS=self.views.table_name)

    def _consuming(self, function: ServiceFunction, queue: ConsumedQueue) -> None:
        """Put messages of a queue off, dead-letter them, and report what became of those that were sent back."""
        let_report(function, self.stage)
        function.let(["sqs:ChangeMessageVisibility"], queue.queue.queue_arn, **_address(queue))
        dead_letters = queue.dead_letters
        function.let(["sqs:SendMessage"], dead_letters.queue_arn, DEAD_LETTERS_URL=dead_letters.queue_url)

    def _uses(self, function: ServiceFunction, uses: Uses) -> None:
        if uses.streams != "none":
            assert self.table, f"{self.manifest.service} has no streams"
            function.let(STREAM_ACTIONS[uses.streams], self.table.table_arn, TABLE=self.table.table_name)
        self._rows(function, uses.rows)
        for vault_use in uses.vault:
            self._vault(function, vault_use)
        for index in uses.indexes:
            self._index(function, index)
        if uses.rows or uses.indexes:
            self._generations(function, uses)
        for owner in sorted({query.owner for query in uses.asks}):
            name = queries_address(self.stage, owner)
            arn = function_arn(self.stack, name)
            function.let(["lambda:InvokeFunction"], arn, **{f"QUERIES_{owner.upper()}": name})
        for queue in uses.queues:
            self._sending(function, queue)
        for port in uses.ports:
            if port.name in KEY_ACTIONS:
                assert self.vault, f"{self.manifest.service} has no vault"
                self.vault.let_use_key(function, port.name)
            else:
                grant_port(function, port.name, self.stage)
        if uses.issues_tokens:
            secret = shared(self.stack, self.stage, "token-keys")
            function.let(["secretsmanager:GetSecretValue"], secret, TOKEN_KEYS=secret)

    def _index(self, function: ServiceFunction, index: str) -> None:
        assert self.views, f"{self.manifest.service} has no rows"
        arn = f"{self.views.table_arn}/index/{index}"
        function.let(["dynamodb:Query"], arn, VIEWS=self.views.table_name)

    def _rows(self, function: ServiceFunction, uses: Sequence[RowUse]) -> None:
        for use in uses:
            assert self.views, f"{self.manifest.service} has no rows"
            function.let([ROW_ACTIONS[use]], self.views.table_arn, VIEWS=self.views.table_name)

    def _generations(self, function: ServiceFunction, uses: Uses) -> None:
        """Let whoever works with rows of views that can be rebuilt read which generations there are, in one row."""
        if self.manifest.makes_rows and "get" not in uses.rows:
            self._rows(function, ["get"])

    def _vault(self, function: ServiceFunction, use: VaultUse) -> None:
        assert self.vault
        if use == "erase":
            ledger = self.vault.erasures
            function.let(["dynamodb:PutItem"], ledger.table_arn, ERASURES=ledger.table_name)
        else:
            function.let([ROW_ACTIONS[use]], self.vault.table.table_arn, VAULT=self.vault.table.table_name)

    def _sending(self, function: ServiceFunction, name: str) -> None:
        queue = self.inboxes[name]
        function.let(["sqs:SendMessage"], queue.queue.queue_arn, **_address(queue))

    def _publishing(self, function: ServiceFunction, **conditions: object) -> None:
        """Publish as this service alone. The bus is looked up before (docs/adr/0022-the-bus-is-looked-up.md)."""
        source = {"events:source": SOURCE_PREFIX + self.manifest.service}
        function.allow(["events:PutEvents"], self.bus.event_bus_arn, StringEquals={**source, **conditions})
        function.let(["events:DescribeEventBus"], self.bus.event_bus_arn, BUS=self.bus.event_bus_name)


def _let_read_stream(function: ServiceFunction, table: dynamodb.Table) -> None:
    """ListStreams is about a table's streams, not about one of them; the CDK's own grant has those of all tables.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/api-permissions-reference.html
    """
    assert table.table_stream_arn
    reads = [f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator")]
    function.allow(reads, table.table_stream_arn)
    function.allow(["dynamodb:ListStreams"], f"{table.table_arn}/stream/*")
    logical_id = Stack.of(table).get_logical_id(table.node.default_child)
    reason = "ListStreams has no narrower resource than all streams of one table, the old ones too."
    Validations.of(function).acknowledge(
        Acknowledgment(id=f"AwsSolutions-IAM5[Resource::<{logical_id}.Arn>/stream/*]", reason=reason)
    )


def _address(queue: ConsumedQueue) -> dict[str, str]:
    """The variable with the address of one of the service's own queues."""
    name = queue.name
    return {"QUEUE_URL" if name == "inbox" else f"QUEUE_URL_{name.upper()}": queue.queue.queue_url}
