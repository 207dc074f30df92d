"""A read model of jars (jars.py) with all that a rebuild must bring along, in generations, and its history."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from events.envelope import Envelope, Metadata
from events.registry import Event, Message
from functions.kernel.composition.replay import rows_alone
from functions.kernel.messaging.replaying import Replay
from functions.kernel.projections.generation import View
from functions.kernel.projections.generations import Generations
from functions.kernel.projections.projection import Projection, read
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.views import Row
from tests.support.jars import JarFilled, JarSealed, JarState
from tests.support.runtime import memory_runtime

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEALED_FOR = timedelta(days=1)


class JarBroken(Event, source="jars", key="jar_id"):
    """There is no jar any more."""

    jar_id: str


SHELF = View("shelf", partitions=("jars", "coins of "), indexes=("by_state",), by_order=("first ",))
projection = Projection(SHELF)


@projection.on(JarFilled, JarSealed)
def jar_rows(event: JarState, metadata: Metadata) -> list[Row]:
    """A row of a jar, which goes a day after it was sealed, and one of what it held at each version, for good."""
    sealed = isinstance(event, JarSealed)
    kept = int((clock.read(metadata.time) + SEALED_FOR).timestamp()) if sealed else None
    return [
        Row(
            "jars",
            event.jar_id,
            {"coins": event.coins, "at": metadata.stream_version},
            indexes={} if sealed else {"by_state": ("open", event.jar_id)},
            expires=kept,
        ),
        Row(f"coins of {event.jar_id}", f"{metadata.stream_version:04}", {"coins": event.coins}),
    ]


@projection.on(JarBroken)
def no_jar_row(event: JarBroken, metadata: Metadata) -> Row:
    return Row("jars", event.jar_id, None)


@projection.on(JarFilled)
def counted_row(event: JarFilled, metadata: Metadata) -> Row:
    """A row that is made by reading another, which must be of the same generation."""
    there = read(f"coins of {event.jar_id}", f"{metadata.stream_version:04}")
    assert there is not None
    return Row(f"coins of {event.jar_id}", f"{metadata.stream_version:04} added", {"of": there["coins"]})


def detail(message: Message, stream: str, version: int, time: datetime) -> dict[str, Any]:
    """A message as its owner's history has it."""
    about = type(message).about
    metadata = Metadata(
        id=ids.derive(stream, version),
        name=about.name,
        version=about.version,
        time=clock.stamp(time),
        source=f"mallbots.{about.source}",
        stream=stream,
        stream_version=version,
        correlation_id="flow",
        causation_id=None,
        actor="system",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return Envelope(metadata=metadata, data=message.model_dump(mode="json")).detail()


def history(chance: random.Random, jars: int, begin: datetime) -> list[dict[str, Any]]:
    """The messages of so many jars: filled, some sealed or broken, some of them long before others."""
    found = []
    for number in range(jars):
        jar, coins, time = f"jar-{number}", 0, begin + timedelta(minutes=chance.randrange(6_000))
        version = 0
        for version in range(1, chance.randint(1, 4) + 1):
            coins += version
            time += timedelta(minutes=chance.randrange(600))
            filled = JarFilled(jar_id=jar, coins=coins, added=version)
            found.append(detail(filled, f"Jar#{jar}", version, time))
        if chance.random() < 0.6:
            version, time = version + 1, time + timedelta(minutes=1)
            found.append(detail(JarSealed(jar_id=jar, coins=coins), f"Jar#{jar}", version, time))
        if chance.random() < 0.2:
            found.append(detail(JarBroken(jar_id=jar), f"Jar#{jar}", version + 1, time))
    return found


@dataclass
class Shelf:
    """The service of the read model: its table, and containers that each know the generations as of some time."""

    now: datetime = NOON
    table: MemoryViews = field(default_factory=lambda: MemoryViews(["by_state"]))

    def __post_init__(self) -> None:
        self.running = self.container()

    def container(self) -> Runtime:
        """The runtime of a container that has just begun."""
        return memory_runtime("jars", views=Generations(self.table, [SHELF]))

    def passes(self, time: timedelta) -> None:
        self.now += time

    def handles(self, messages: Iterable[dict[str, Any]], within: Runtime | None = None) -> None:
        """What an inbox does with messages, as far as rows go."""
        with clock.fixed(lambda: self.now), active(within or self.running):
            for one in messages:
                received = Envelope.read(one)
                known = {message.about.name: message for message in projection.makers}
                message = known[received.metadata.name].model_validate(received.data)
                assert projection.apply(message, received.metadata) == []

    def asks(self, request: dict[str, Any]) -> dict[str, Any]:
        """A request to the service's `replay` function, in a container of its own."""
        with clock.fixed(lambda: self.now), active(rows_alone(self.container(), [SHELF])):
            return Replay([projection]).handle(request)

    def shown(self, within: Runtime | None = None) -> dict[str, Any]:
        """Every row that is read and has not expired, by its key, and what the index has."""
        with clock.fixed(lambda: self.now), active(within or self.running) as running:
            rows = running.views
            assert isinstance(rows, Generations)
            number = rows.read(SHELF)
            keys = [key for key in self.table.items if number_of(key) == number]
            stored = [(key[0].partition("/")[2] if number else key[0], key[1]) for key in keys]
            names = [key for key in stored if SHELF.has(key[0])]
            found: dict[str, Any] = {f"{p} {s}": rows.get(p, s) for p, s in names if not self.is_over(number, (p, s))}
            found["index"] = [row["coins"] for row in rows.query("open", index="by_state", limit=1_000).rows]
            return {key: data for key, data in found.items() if data is not None}

    def is_over(self, number: int, key: tuple[str, str]) -> bool:
        """Whether the time of a row is over."""
        stored = f"g{number}/{key[0]}" if number else key[0]
        expires = self.table.items[stored, key[1]].get("expires")
        return expires is not None and int(expires["N"]) <= self.now.timestamp()

    def deletes_what_expired(self) -> None:
        """What DynamoDB does with rows whose time is over."""
        over = [
            k for k, i in self.table.items.items() if "expires" in i and int(i["expires"]["N"]) <= self.now.timestamp()
        ]
        for key in over:
            del self.table.items[key]


def number_of(key: tuple[str, str]) -> int:
    """The generation of a stored key."""
    head, slash, _ = key[0].partition("/")
    return int(head[1:]) if slash and head[1:].isdigit() else 0


def in_pages(messages: Sequence[dict[str, Any]], size: int) -> list[Sequence[dict[str, Any]]]:
    return [messages[begin : begin + size] for begin in range(0, len(messages), size)]
