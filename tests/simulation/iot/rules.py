"""Topic rules: a message of a topic goes to a queue, maybe late or twice; what fails goes to another, or is lost."""

import base64
import json

from tests.simulation.containers import BEGIN
from tests.simulation.iot import sql
from tests.simulation.iot.packets import Publication, matches
from tests.simulation.sdk import World
from tests.simulation.sqs import Queue

BEGIN_MS = int(BEGIN.timestamp()) * 1000
# Milliseconds from the receipt of a message until a rule's statement is evaluated, and `timestamp()` with it. Rules are
# evaluated in any order, so of two messages on two topics the first may be dated later.
EVALUATED_WITHIN = 50


class TopicRule:
    """One rule with one action to a standard queue and an error action to another.

    statement: its SQL. A rule gives no order, and AWS names no bound of its delay
    (https://docs.aws.amazon.com/iot/latest/developerguide/iot-rules.html). An action that fails goes to the error
    action, with the original payload; if that fails too, the message is lost
    (https://docs.aws.amazon.com/iot/latest/developerguide/rule-error-handling.html).
    """

    def __init__(self, world: World, name: str, statement: str, queue: Queue, errors: Queue) -> None:
        self._world = world
        self.name = name
        self._statement = sql.parse(statement)
        self._queue, self._errors = queue, errors
        self.in_flight = 0

    def matches(self, topic: str) -> bool:
        """Whether the rule takes messages of a topic."""
        return matches(self._statement.pattern, topic)

    def take(self, publication: Publication) -> None:
        """Evaluate the rule's statement for a message, and act on the result."""
        world, where = self._world, f"{self.name} {publication.topic}"
        seconds = world.choices.seconds(0.005, 0.1, "rule")
        if world.faults.strikes("rule late", where):
            seconds = world.choices.seconds(1.0, 90.0, "rule late")
        copies = 2 if world.faults.strikes("rule twice", where) else 1
        evaluated = world.scheduler.now_us // 1000 + world.choices.between(0, EVALUATED_WITHIN, "when a rule runs")
        body = self._statement.evaluate(publication, BEGIN_MS + evaluated)
        for _ in range(copies):
            self.in_flight += 1
            world.scheduler.call_in(seconds, lambda: self._act(publication, body, where))
            seconds += world.choices.seconds(0.01, 5.0, "rule twice") if copies > 1 else 0

    def _act(self, publication: Publication, body: str, where: str) -> None:
        self.in_flight -= 1
        if self._queue.name in self._world.away or self._world.faults.strikes("rule failed", where):
            self._fail(publication, where)
        else:
            self._queue.send(body, by="topic rule")

    def _fail(self, publication: Publication, where: str) -> None:
        if self._world.faults.strikes("rule lost", where):
            return
        reason = {"failedAction": "SqsAction", "failedResource": self._queue.url, "errorMessage": "Failed to send"}
        body = {
            "ruleName": self.name,
            "topic": publication.topic,
            "cloudwatchTraceId": self._world.number("trace"),
            "clientId": publication.client or "N/A",
            "base64OriginalPayload": base64.b64encode(publication.payload).decode(),
            "failures": [reason],
        }
        self._errors.send(json.dumps(body), by="topic rule")
