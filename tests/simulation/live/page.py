"""A page of the staff: the shipped client, with sockets, timers and a user who opens and closes boards."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.simulation.choices import Choices
from tests.simulation.live.bridge import Bridge
from tests.simulation.live.cloud import LiveCloud
from tests.simulation.live.gateway import Connection

URL = "wss://live"
BOARDS = (
    ("orders",),
    ("orders", "lists"),
    ("lists", "robots"),
    ("orders", "invoices"),
    ("orders", "lists", "robots", "invoices", "stores"),
)
PLACED = ("snapshot", "changes", "subscribed")


class Page:
    """One page. key: its name, and how often it was loaded; empty while it is not."""

    def __init__(self, cloud: LiveCloud, bridge: Bridge, seed: int, name: str, choices: Choices) -> None:
        self._cloud, self._bridge, self.name = cloud, bridge, name
        self._choices = choices
        self._random = random.Random(f"{seed} {name}").random
        self._begins = choices.between(0, 2_000_000_000_000, "clock")
        self._loads = 0
        self.key = ""
        self.board: tuple[str, ...] = ()
        self.order: str | None = None
        self.topics: list[str] = []
        self.sockets: dict[int, Connection] = {}
        self._asleep = self._offline = False
        self._backlog: list[Callable[[], object]] = []
        self._timer = 0

    def live(self, until: float, pace: float, orders: Sequence[str], *, at_once: bool) -> None:
        """Be loaded and used, inside a task, until so many seconds after the beginning. at_once: begin with that."""
        choices, cloud = self._choices, self._cloud
        opened = choices.seconds(0.0, pace, "when it is opened")
        cloud.sleep(0.0 if at_once else opened)
        self._load()
        while True:
            pause = choices.seconds(0.0, 2 * pace, "until the next deed")
            cloud.sleep(min(pause, max(0.0, until - cloud.now())) + 0.001)
            if cloud.now() >= until:
                return
            self._do_something(orders)

    def _do_something(self, orders: Sequence[str]) -> None:
        choices, faults = self._choices, self._cloud.faults
        deed = choices.pick(("order", "order", "away", "away", "boards", "reload", "nothing"), "deed")
        if deed == "order":
            before = self.order
            self.order = None if before else choices.pick(orders, "order")
            self.watch()
            if choices.chance(0.3, "at once back"):
                self._cloud.sleep(choices.seconds(0.0, 0.3, "back"))
                self.order = before
                self.watch()
        elif deed == "boards":
            self.board = choices.pick(BOARDS, "boards")
            self.watch()
        elif deed == "reload":
            self.unload()
            self._cloud.sleep(choices.seconds(0.1, 3.0, "reload"))
            self._load()
        elif deed == "away":
            fault = choices.pick(("page asleep", "page offline"), "how")
            seconds = choices.seconds(1.0, 60.0, "away")
            if choices.chance(0.3, "for long"):
                seconds = choices.seconds(60.0, 2_700.0, "away for long")
            if faults.strikes(fault, self.name):
                self._be_away(fault, seconds)

    def _be_away(self, how: str, seconds: float) -> None:
        if how == "page asleep":
            self._asleep = True
            self._cloud.history.record("asleep", page=self.key)
        else:
            self._offline = True
            self._take("offline")
        for socket in list(self.sockets.values()):
            if how == "page offline" or self._choices.chance(0.5, "its network is off"):
                self._cloud.gateway.die(socket)
        until = self._cloud.now() + seconds
        while self._cloud.now() < until and (self._asleep or self._offline):
            self._cloud.sleep(min(5.0, until - self._cloud.now()) + 0.001)
        self.come_back()

    def come_back(self) -> None:
        """Go on, if it stood still or had no network."""
        if self._offline:
            self._offline = False
            self._take("online")
        if self._asleep:
            self._asleep = False
            self._cloud.history.record("awake", page=self.key)
            backlog, self._backlog = self._backlog, []
            for work in backlog:
                work()
            self._take("visible")

    def _load(self) -> None:
        self._loads += 1
        self.key = f"{self.name} #{self._loads}"
        self.board = self.board or self._choices.pick(BOARDS, "boards")
        self._cloud.history.record("loaded", page=self.key)
        self._take("start", url=URL)
        self.watch()

    def unload(self) -> None:
        """Close the page."""
        self.come_back()
        self._take("stop")
        self._bridge.ask({"client": self.key, "ask": "end"})
        self.key = ""
        self._timer += 1

    def watch(self) -> None:
        """Watch what is shown."""
        self.topics = [*self.board, *([f"order:{self.order}"] if self.order else [])]
        self._cloud.history.record("wanted", page=self.key, topics=self.topics)
        self._take("topics", topics=self.topics)

    def shows(self) -> dict[str, Any]:
        """Its status and feeds."""
        return self._bridge.ask({"client": self.key, "ask": "board"})

    def _take(self, kind: str, place: list[Any] | None = None, **more: Any) -> None:
        """Give an input to the machine, and do what it says. place: of the frame that came, epoch, position, id."""
        if not self.key:
            return
        if self._asleep:
            self._backlog.append(lambda: self._take(kind, place, **more))
            return
        now = self._begins + self._cloud.scheduler.now_us // 1_000
        request = {"type": kind, "now": now, "random": self._random(), **more}
        key = self.key
        answer = self._bridge.ask({"client": key, "input": request})
        for output in answer["outputs"]:
            if self.key == key:
                self._do(output, place)
        self._set_timer(answer["due"], now)

    def _set_timer(self, due: int | None, now: int) -> None:
        self._timer += 1
        number = self._timer
        if due is None:
            return
        seconds = max(0, due - now) / 1_000
        if self._cloud.faults.strikes("timer late", self.name):
            seconds += self._cloud.choices.seconds(0.5, 60.0, "timer late")

        def fire() -> None:
            if number == self._timer:
                self._take("tick")

        # A moment of its clock may begin within a millisecond of virtual time.
        self._cloud.scheduler.call_in(seconds + 0.001, fire)

    def _do(self, output: Mapping[str, Any], place: list[Any] | None) -> None:
        history = self._cloud.history
        if output["type"] == "token":
            self._fetch_token(output["connection"])
        elif output["type"] == "open":
            self._open(output["connection"], output["protocols"])
        elif output["type"] == "send":
            history.record("sends", page=self.key, text=output["text"])
            socket = self.sockets.get(output["connection"])
            if socket:  # a browser takes what is sent on a closed one, and nothing comes of it
                socket.send(output["text"])
        elif output["type"] == "close":
            socket = self.sockets.pop(output["connection"], None)
            if socket:
                history.record("closes", page=self.key, connection=socket.id, moved=bool(self.sockets))
                socket.close()
        elif output["type"] == "rows":
            shown = {name: output[name] for name in ("topic", "shard", "whole", "rows")}
            messages = [message["id"] for message in output["messages"]]
            history.record("applied", page=self.key, place=place, messages=messages, **shown)
        elif output["type"] == "status":
            history.record("status", page=self.key, state=output["status"]["state"])
        else:
            history.record("problem", page=self.key, code=output["code"], topic=output["topic"])

    def _open(self, number: int, protocols: list[str]) -> None:
        end = _End(self, number)
        if self._offline:
            self._cloud.history.record("connects", page=self.key, connection="")
            self._cloud.scheduler.call_in(self._cloud.choices.seconds(0.01, 1.0, "no network"), end.closed)
            return
        self.sockets[number] = self._cloud.gateway.connect(end, protocols)
        self._cloud.history.record("connects", page=self.key, connection=self.sockets[number].id)

    def _fetch_token(self, connection: int) -> None:
        key = self.key
        token: str | None = self._cloud.token(self.name)
        if self._offline or self._cloud.faults.strikes("token unavailable", self.name):
            token = None

        def give() -> None:
            if self.key == key:
                self._take("token", connection=connection, token=token)

        self._cloud.scheduler.call_in(self._cloud.choices.seconds(0.01, 0.3, "token"), give)

    def heard(self, number: int, kind: str, text: str = "") -> None:
        """Something happened on a socket."""
        if kind == "closed":
            self.sockets.pop(number, None)
        if kind != "frame":
            self._take(kind, connection=number)
            return
        frame = json.loads(text)
        place = [frame["epoch"], frame["position"], frame.get("id")] if frame.get("type") in PLACED else None
        self._take("frame", place, connection=number, text=text)

    @property
    def is_offline(self) -> bool:
        """Whether it has no network."""
        return self._offline


class _End:
    """The page's end of a socket."""

    def __init__(self, page: Page, number: int) -> None:
        self._page, self._number, self._key = page, number, page.key

    def opened(self) -> None:
        self._hear("opened")

    def closed(self) -> None:
        self._hear("closed")

    def received(self, text: str) -> None:
        self._hear("frame", text)

    def _hear(self, kind: str, text: str = "") -> None:
        if self._page.key == self._key and (kind != "opened" or not self._page.is_offline):
            self._page.heard(self._number, kind, text)
