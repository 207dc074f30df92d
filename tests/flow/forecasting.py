"""Dead letters of a mall of every kind, what is forecast of them, and what then really becomes of each."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import clock, runtime
from functions.operations.letters import letter_id
from tests.flow.crowd import Crowd
from tests.support.cloud import Subscriber
from tests.support.delivery import attributes
from tests.support.forecasting import forecasts, read_only
from tests.support.mall import Mall

Broken = tuple[str, str, str]  # service, queue, and the message whose handler is broken

PASSES, FAILS = ("passes", "refused"), ("waits", "fails")


@dataclass(frozen=True)
class DeadLetter:
    """A message that a consumer gave up; kind: how it came about."""

    consumer: str
    body: str
    kind: str
    error: str = ""

    @property
    def id(self) -> str:
        return letter_id(self.consumer, "", self.body)

    @property
    def service(self) -> str:
        return self.consumer.partition("/")[0]

    def asked(self) -> dict[str, Any]:
        """As a forecast is asked about it."""
        return {"id": self.id, "consumer": self.consumer, "body": self.body, "error": self.error}


@dataclass(frozen=True)
class Became:
    """What became of a letter that was sent back. outcome: `done`, `failing`, `dead`. writes: None if not known."""

    outcome: str
    writes: list[dict[str, Any]] | None
    published: Counter[str]


@dataclass
class Compared:
    """Forecasts beside outcomes: answers counted by kind, and those that were wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    false_passes: list[Any] = field(default_factory=list)
    false_failures: list[Any] = field(default_factory=list)
    wrong_writes: list[Any] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, letter: DeadLetter, answer: dict[str, Any], became: Became) -> None:
        said, detail = answer["answer"], answer["detail"]
        self.answers[said] += 1
        self.kinds[letter.kind, said] += 1
        if said == "cannot tell":
            self.reasons[detail["why"]] += 1
        if said in PASSES:
            if became.outcome != "done" or (said == "refused" and detail["reply"] not in became.published):
                self.false_passes.append((letter, answer, became))
            elif became.writes is not None and detail["writes"] != became.writes[:20]:
                self.wrong_writes.append((letter, answer, became))
        if said in FAILS and became.outcome == "done":
            self.false_failures.append((letter, answer, became))


def breakable(mall: Mall, broken: set[Broken]) -> AbstractContextManager[None]:
    """Within the block, the handlers of messages in `broken` raise, as after a deploy that broke them."""
    return broken_handlers({id(s.inbox): s.inbox for s in mall.subscribers}.values(), broken)


@contextmanager
def broken_handlers(inboxes: Iterable[Inbox], broken: set[Broken]) -> Iterator[None]:
    """The same of inboxes; `broken` may change within the block."""
    before = [(inbox, inbox._handlers) for inbox in inboxes]
    for inbox, handlers in before:
        inbox._handlers = {
            name: [_breakable(inbox, name, handler, broken) for handler in of_name]
            for name, of_name in handlers.items()
        }
    try:
        yield
    finally:
        for inbox, handlers in before:
            inbox._handlers = handlers


def _breakable(inbox: Inbox, name: str, handler: Any, broken: set[Broken]) -> Any:
    def handle(message: Any) -> object:
        if (inbox.service, inbox.queue, name) in broken:
            raise RuntimeError("the deploy of noon broke this")
        return handler(message)

    return handle


class Troubled:
    """A day of random deeds on which deploys break handlers and others mend them; `letters` are what is left of it."""

    def __init__(self, seed: int) -> None:
        self.crowd = Crowd(seed)
        self.mall = self.crowd.mall
        self.chance = self.crowd.chance
        self.broken: set[Broken] = set()
        for running in self.mall.runtimes.values():  # what no retry helps is given up at once
            running.settings = {**running.settings, "MALLBOTS_MAX_RECEIVES": "1"}
        self.breakable = sorted(
            (s.inbox.service, s.inbox.queue, name) for s in self.mall.subscribers for name in s.inbox._handlers
        )

    def pass_by(self, deeds: int) -> None:
        """Live the day."""
        self.crowd.open()
        for _ in range(deeds):
            if self.chance.random() < 0.5:
                self.broken.add(self.chance.choice(self.breakable))
            if self.broken and self.chance.random() < 0.3:
                self.broken.discard(self.chance.choice(sorted(self.broken)))
            self.crowd.live(2)
        self.mall.pass_time(300)

    def mend(self) -> None:
        """Mend most of what is broken."""
        for one in sorted(self.broken):
            if self.chance.random() < 0.7:
                self.broken.discard(one)

    def letters(self) -> list[DeadLetter]:
        """What was given up, in its order, and made-up letters among it."""
        found = [*self._given_up(), *self._made_up(40)]
        self.chance.shuffle(found)
        return list({letter.id: letter for letter in found}.values())

    def _given_up(self) -> Iterator[DeadLetter]:
        for subscriber in self.mall.subscribers:
            names = set(subscriber.inbox._messages)
            for message in subscriber.dead_letters.messages:
                name = json.loads(message.body).get("detail-type")
                error = (message.reason or {}).get("error", "")
                if name in names:
                    yield DeadLetter(consumer(subscriber), message.body, "given up", error)

    def _made_up(self, count: int) -> Iterator[DeadLetter]:
        published = [envelope for envelope in self.mall.published if envelope.to is None]
        for envelope in self.chance.choices(published, k=count):
            wanting = [s for s in self.mall.subscribers if s.wants(envelope.detail())]
            if wanting:
                chosen = consumer(self.chance.choice(wanting))
                yield varied(self.chance, chosen, envelope.metadata.source, envelope.detail())


def varied(chance: random.Random, consumer: str, source: str, detail: dict[str, Any]) -> DeadLetter:
    """A letter made of a message that was published: as it was, or changed in one way."""
    kind = chance.choice(["again", "newer", "unknown", "forged", "other id", "cut off", "renamed"])
    metadata, data = dict(detail["metadata"]), dict(detail["data"])
    if kind == "newer":
        metadata["version"] = 98
    if kind == "unknown":
        data = {name: f"no {value}" if name.endswith("_id") and value else value for name, value in data.items()}
        metadata["id"] += "-unknown"
    if kind == "forged":
        source = "mallbots.nobody"
    if kind == "other id":
        metadata["id"] += "-again"
    if kind == "renamed":
        metadata["name"] += "Twice"
    body = json.dumps(
        {"detail-type": metadata["name"], "source": source, "detail": {"metadata": metadata, "data": data}}
    )
    return DeadLetter(consumer, body[:40] if kind == "cut off" else body, kind)


def consumer(subscriber: Subscriber) -> str:
    """How letters name it."""
    return f"{subscriber.inbox.service}/{subscriber.inbox.queue}"


def forecast_and_redrive(mall: Mall, letters: Sequence[DeadLetter], together: int = 10) -> Compared:
    """Forecast the letters of each service, so many together, then send these back, one by one; and compare."""
    compared = Compared()
    for service in sorted({letter.service for letter in letters}):
        mine = [letter for letter in letters if letter.service == service]
        for begin in range(0, len(mine), together):
            chosen = mine[begin : begin + together]
            with clock.fixed(lambda: mall.now), runtime.active(read_only(mall.runtimes[service])):
                answers = forecasts(letter.asked() for letter in chosen)
            for letter, answer in zip(chosen, answers, strict=True):
                compared.add(letter, answer, send_back(mall, letter))
                mall.settle()
    return compared


def send_back(mall: Mall, letter: DeadLetter) -> Became:
    """Deliver a letter to its consumer alone, and nothing of what follows from it."""
    subscriber = next(s for s in mall.subscribers if consumer(s) == letter.consumer)
    store = subscriber.runtime.store
    assert isinstance(store, MemoryEventStore)
    given_up, logged, published = len(subscriber.dead_letters.messages), len(store.log), len(mall.published)
    with clock.fixed(lambda: mall.now), runtime.active(subscriber.runtime):
        record = {
            "messageId": mall.next_id("again"),
            "receiptHandle": "again",
            "body": letter.body,
            "attributes": attributes(),
        }
        failing = subscriber.handle({"Records": [record]})["batchItemFailures"]
    writes = [from_item(item) for item in store.log[logged:]]
    names = Counter(envelope.metadata.name for envelope in mall.published[published:])
    dead = len(subscriber.dead_letters.messages) > given_up
    return Became(
        "failing" if failing else "dead" if dead else "done",
        [{"stream": one.stream, "events": [event.name for event in one.events]} for one in writes],
        names + Counter(message.name for one in writes for message in one.messages),
    )
