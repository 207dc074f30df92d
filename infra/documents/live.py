"""The protocol of the staff's stream, for clients: JSON Schemas of its frames and rows, and transcripts.

A transcript is what the handlers of live really send, in memory, with a clock and ids that are always the same.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from functions.kernel.composition.manifest import manifest
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Runtime, Unsent, active
from functions.live.frames import FROM_CLIENT, FROM_SERVER
from functions.live.rows import ROWS
from language.json_schema import DIALECT, OpenSchema

SAMPLES = Path(__file__).parents[2] / "events" / "samples"
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
DESK = "desk-1"

Frame = dict[str, Any]


def documents(root: Path) -> dict[Path, str]:
    """Each file under events/live as it should be."""
    folder = root / "events" / "live"
    schemas = {f"schemas/{model.__name__}.json": schema(model) for model in (*FROM_CLIENT, *FROM_SERVER, *ROWS)}
    transcripts = {f"transcripts/{tell.__name__}.json": transcript(tell) for tell in STORIES}
    return {folder / name: _text(content) for name, content in (schemas | transcripts).items()}


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a frame or a row: of what a client may send, or of what it gets."""
    mode: Any = "validation" if model in FROM_CLIENT else "serialization"
    content = model.model_json_schema(schema_generator=OpenSchema, mode=mode)
    about = {"$schema": DIALECT, "$id": f"urn:mallbots:live:{model.__name__}", "title": model.__name__}
    return {**about, **content}


def transcript(tell: Callable[["Conversation"], None]) -> dict[str, Any]:
    """A story as it went: what it is about, and each frame with who sent it."""
    conversation = Conversation()
    with conversation.going_on():
        tell(conversation)
    return {"about": " ".join((tell.__doc__ or "").split()), "frames": conversation.frames}


class Conversation:
    """One client and the handlers of live, in memory."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.now = NOON
        self._number = 0
        self._versions: dict[str, int] = {}
        self._connected = True

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """A block in which it takes place."""
        store = MemoryEventStore()
        views, queue = MemoryViews(), _Nothing()
        runtime = Runtime(
            service="live",
            store=store,
            views=views,
            vault=store.vault,
            bus=queue,
            queue=queue,
            dead_letters=queue,
            adapters={"connections": self},
        )
        with clock.fixed(lambda: self.now), ids.fixed(self._new_id), active(runtime):
            yield

    def post(self, connection: str, text: str) -> None:
        """What the server posts, while the client is there to hear it."""
        if self._connected:
            self.frames.append({"from": "server", "frame": json.loads(text)})

    def says(self, frame: Frame | str) -> None:
        """The client sends a frame."""
        self.frames.append({"from": "client", "frame": frame})
        self._handle("$default", frame if isinstance(frame, str) else json.dumps(frame))

    def subscribes(self, *topics: Frame) -> None:
        """The client subscribes."""
        self.says({"action": "subscribe", "topics": list(topics), "packed": True})

    def is_cut(self) -> None:
        """The connection ends."""
        self.frames.append({"from": "network", "event": "cut"})
        self._connected = False

    def is_back(self) -> None:
        """The client has another connection."""
        self.frames.append({"from": "network", "event": "connected"})
        self._connected = True
        self._handle("$connect", None)

    def passes(self, **time: float) -> None:
        """Time passes."""
        self.now += timedelta(**time)
        [(unit, many)] = time.items()
        self.frames.append({"from": "clock", "event": f"{many:g} {unit} later"})

    def happens(self, *names: str) -> None:
        """The samples of these messages come in one batch, each as the next of its stream."""
        self.now += timedelta(seconds=1)
        self.frames.append({"from": "bus", "messages": list(names)})
        records = [self._record(name) for name in names]
        [inbox] = manifest("live").inboxes
        assert inbox.handle({"Records": records}) == {"batchItemFailures": []}

    def epoch(self, topic: str) -> str:
        """The epoch of the newest snapshot of a topic that the client got."""
        frames = [entry["frame"] for entry in self.frames if entry["from"] == "server"]
        epochs: list[str] = [f["epoch"] for f in frames if f["type"] == "snapshot" and f["topic"] == topic]
        return epochs[-1]

    def _handle(self, route: str, body: str | None) -> None:
        socket = manifest("live").socket
        assert socket
        requested = {"routeKey": route, "connectionId": DESK, "authorizer": {"role": "staff", "id": "mia"}}
        assert socket.handle({"requestContext": requested, "body": body})["statusCode"] == 200

    def _record(self, name: str) -> dict[str, Any]:
        detail = json.loads(sorted(SAMPLES.glob(f"{name}.v*.json"))[-1].read_text())
        metadata = detail["metadata"]
        stream = metadata["stream"]
        self._versions[stream] = self._versions.get(stream, 0) + 1
        changed = {
            "id": f"{name}-{self._versions[stream]}",
            "stream_version": self._versions[stream],
            "time": clock.stamp(),
        }
        body = {"detail-type": name, "source": metadata["source"], "detail": {**detail, "metadata": metadata | changed}}
        received = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "0"}
        return {"messageId": name, "receiptHandle": name, "body": json.dumps(body), "attributes": received}

    def _new_id(self) -> str:
        self._number += 1
        return f"00000000-0000-4000-8000-{self._number:012}"


class _Nothing:
    """A bus and a queue of a service that sends no messages."""

    def put(self, messages: Sequence[Outgoing]) -> list[Unsent]:
        raise AssertionError("live publishes nothing")

    def send(self, body: str, *_: object, **__: object) -> None:
        raise AssertionError("live sends nothing to a queue")

    def retry_in(self, receipt: str, seconds: int) -> None:
        raise AssertionError("nothing fails here")


def watching(page: Conversation) -> None:
    """A page subscribes, is told of what changes, and pings."""
    page.happens("BotRegistered", "BotCameOnline")
    page.subscribes({"topic": "robots"}, {"topic": "lists"})
    page.happens("ShoppingListCreated", "ShoppingListAvailable")
    page.happens("ShoppingListAssigned", "BotAssigned")
    page.says({"action": "ping", "id": 1, "positions": [_place("robots", page.epoch("robots"), 1)]})
    page.says({"action": "unsubscribe", "topics": [{"topic": "lists"}]})


def resuming(page: Conversation) -> None:
    """A page is cut, and asks for what it missed: it gets that, and no snapshot."""
    page.subscribes({"topic": "invoices"})
    page.happens("InvoiceCreated")
    page.is_cut()
    page.happens("InvoiceAdjusted")
    page.happens("InvoicePaid")
    page.is_back()
    page.subscribes({"topic": "invoices", "shard": 0, "epoch": page.epoch("invoices"), "since": 1})


def away_for_too_long(page: Conversation) -> None:
    """A page asks for what it missed after a change that was made when nobody watched: it gets another epoch."""
    page.subscribes({"topic": "stores"})
    page.happens("StoreCreated")
    page.is_cut()
    page.passes(minutes=40)
    page.happens("StoreRebranded")
    page.is_back()
    page.subscribes({"topic": "stores", "shard": 0, "epoch": page.epoch("stores"), "since": 1})


def one_order(page: Conversation) -> None:
    """The page of one order: its rows have fixed ids, and stay when they leave their boards."""
    page.happens("OrderCreated", "PaymentConfirmed", "ShoppingListCreated")
    page.subscribes({"topic": "order:order-1"})
    page.happens("OrderApproved", "InvoiceCreated", "ShoppingListAvailable")
    page.happens("ShoppingListCompleted")


def nobody_watches_any_more(page: Conversation) -> None:
    """A watch ended, and a change was made: the pong names no epoch, and the page subscribes again."""
    page.subscribes({"topic": "robots"})
    epoch = page.epoch("robots")
    page.passes(minutes=31)
    page.happens("BotRegistered")
    page.says({"action": "ping", "id": 2, "positions": [_place("robots", epoch, 0)]})
    page.subscribes({"topic": "robots", "shard": 0, "epoch": epoch, "since": 0})


def errors(page: Conversation) -> None:
    """What cannot be read is answered by an error, and the connection stays."""
    page.says("hello")
    page.says({"action": "shout"})
    page.subscribes({"topic": "customers"})
    page.subscribes(*({"topic": f"order:{number}"} for number in range(51)))
    page.says({"action": "ping", "id": 3})


STORIES = (watching, resuming, away_for_too_long, one_order, nobody_watches_any_more, errors)


def _place(topic: str, epoch: str, position: int) -> Frame:
    return {"topic": topic, "shard": 0, "epoch": epoch, "position": position}


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
