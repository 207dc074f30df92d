"""A consumer that is broken by a deploy pauses itself; what waits for it is handled once the code is mended."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from events.stores import StoreCreated
from functions.kernel.composition.manifest import manifest, services
from functions.operations import consumers
from functions.operations.cloud import Held
from functions.operations.consumers import Consumer, FailureQueue, Served
from functions.operations.mappings import DISABLED, ENABLED, Backlog
from functions.operations.redriver import redriver
from functions.operations.runner import runner
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.cloud import Response, Subscriber
from tests.support.mall import Mall
from tests.support.mappings import MemoryMappings
from tests.support.queues import MemoryQueue

BASKETS = "baskets/inbox"


class Outcomes:
    """The queue of outcomes, as the redriver receives from it."""

    def __init__(self, mall: Mall) -> None:
        self.queue = MemoryQueue(mall)

    def receive(self) -> list[Held]:
        return [Held(message.id, message.id, message.body) for message in self.queue.due()[:10]]

    def delete(self, held: Sequence[Held]) -> None:
        done = {one.id for one in held}
        self.queue.messages = [message for message in self.queue.messages if message.id not in done]


class Operated:
    """A mall whose consumers operations pauses and resumes; its functions run each minute."""

    def __init__(self) -> None:
        self.mall = Mall()
        self.mappings = MemoryMappings()
        self.outcomes = Outcomes(self.mall)
        self.notices: list[str] = []
        for runtime in self.mall.runtimes.values():
            runtime.outcomes = self.outcomes.queue
        adapters = self.mall.runtimes["operations"].adapters
        adapters |= {"mappings": self.mappings, "backlog": self, "outcomes": self.outcomes}
        adapters |= {"topic": self, "starts": self}
        self.mall.repeat(60, self.minute, "operations")
        self.mall.repeat(1, self.follow, "mappings")

    def minute(self) -> None:
        with self.mall.at_work("operations"):
            redriver.handle({})
            runner.handle({})
        self.follow()

    def follow(self) -> None:
        """Consumers receive while their mappings are on."""
        with self.mall.at_work("operations"):
            self.mall.paused = {name for name in consumers.consumers() if not self.mappings.is_on(name)}

    def measure(self, queue: Consumer | FailureQueue) -> Backlog:
        messages, due = self.of(queue.name).queue.messages, self.of(queue.name).queue.due()
        return Backlog(len(due), len(messages) - len(due), 0)

    def publish(self, subject: str, text: str) -> None:
        if "dead letters" not in subject:  # the daily summary
            self.notices.append(subject)

    def start(self, function: str) -> None:
        """The schedule comes within a minute."""

    def of(self, name: str) -> Subscriber:
        return next(s for s in self.mall.subscribers if f"{s.inbox.service}/{s.inbox.queue}" == name)

    def waiting(self, name: str) -> int:
        """How many new stores wait in a queue, beside the ticks of schedules."""
        return sum('"StoreCreated"' in message.body for message in self.of(name).queue.messages)

    def create_stores(self, number: int) -> None:
        for n in range(number):
            self.mall.request("POST", "/api/stores", {"name": f"Store {n}", "location": "Level 2"})
        self.mall.settle()

    def ask(self, method: str, path: str, body: Any = None) -> Response:
        return self.mall.request(method, path, body, caller=OPERATOR_ON_CALL)

    def shown(self, name: str) -> dict[str, Any]:
        answer = self.ask("GET", "/api/operations/consumers")
        assert answer.status == 200, answer
        listed: list[dict[str, Any]] = answer.body["consumers"]
        return next(one for one in listed if one["name"] == name)


@pytest.fixture
def operated(monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    served = [
        Served(name, tuple(Consumer(name, queue) for queue in manifest(name).queues), False) for name in services()
    ]
    monkeypatch.setenv("CONSUMERS", consumers.written(served))
    consumers.services.cache_clear()
    yield Operated()
    consumers.services.cache_clear()


@pytest.fixture
def broken() -> Iterator[pytest.MonkeyPatch]:
    """Whatever baskets does with a new store fails, until this is undone."""

    def fail(*given: object) -> None:
        raise RuntimeError("the shelf is gone")

    with pytest.MonkeyPatch.context() as patch:
        from functions.baskets.inbox import inbox

        patch.setitem(inbox._handlers, StoreCreated.about.name, [fail])
        yield patch


def test_a_broken_consumer_pauses_itself_and_loses_nothing(operated: Operated, broken: pytest.MonkeyPatch) -> None:
    operated.create_stores(30)
    operated.mall.pass_time(120)
    assert operated.notices == [f"{BASKETS} has paused itself"]
    assert operated.mappings.state(BASKETS) == DISABLED
    operated.create_stores(10)
    operated.mall.pass_time(3 * 3600)
    assert operated.waiting(BASKETS) == 40
    assert operated.of(BASKETS).dead_letters.messages == []
    shown = operated.shown(BASKETS)
    assert (shown["state"], shown["by"]) == ("paused", BASKETS)
    assert shown["waiting"]["visible"] == len(operated.of(BASKETS).queue.messages)
    assert operated.shown("depot/inbox")["state"] == "running"

    broken.undo()
    assert operated.ask("PUT", f"/api/operations/consumers/{BASKETS}/resume").status == 200
    assert operated.shown(BASKETS)["state"] == "resuming"
    operated.mall.pass_time(240)
    assert operated.mappings.state(BASKETS) == ENABLED
    assert operated.of(BASKETS).queue.messages == []
    assert operated.of(BASKETS).dead_letters.messages == []
    assert operated.shown(BASKETS)["state"] == "running"


def test_a_backlog_is_seen_to_grow_and_to_drain_while_all_else_goes_on(operated: Operated) -> None:
    reason = {"reason": "its table is moved"}
    assert operated.ask("PUT", f"/api/operations/consumers/{BASKETS}/pause", reason).status == 200
    operated.mall.pass_time(120)
    for _ in range(5):
        operated.create_stores(12)
        operated.mall.pass_time(60)
    shown = operated.shown(BASKETS)
    assert (operated.waiting(BASKETS), shown["reason"]) == (60, "its table is moved")
    assert shown["arrivesPerHour"] == pytest.approx(13 * 60, abs=3 * 60)  # with a tick of its schedule a minute
    assert shown["lostFrom"].startswith("2026-01-18T08:0")
    assert operated.of("search/inbox").queue.messages == []
    operated.ask("PUT", f"/api/operations/consumers/{BASKETS}/resume")
    operated.mall.pass_time(180)
    assert operated.of(BASKETS).queue.messages == []


def test_a_consumer_that_is_still_broken_pauses_itself_again_when_the_resume_holds_no_more(
    operated: Operated, broken: pytest.MonkeyPatch
) -> None:
    operated.create_stores(30)
    operated.mall.pass_time(120)
    operated.ask("PUT", f"/api/operations/consumers/{BASKETS}/resume")
    operated.mall.pass_time(60)
    operated.create_stores(30)
    operated.mall.pass_time(600)
    assert operated.mappings.state(BASKETS) == ENABLED
    operated.mall.pass_time(600)
    operated.create_stores(30)
    operated.mall.pass_time(180)
    assert operated.mappings.state(BASKETS) == DISABLED
    assert len(operated.notices) == 2
