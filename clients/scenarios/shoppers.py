"""A mall that people watch: one customer after another, robots that take their time, and work that is left to staff."""

import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from urllib.parse import quote

from clients.mall import Json, MallError, WaitTimeoutError, wait_for
from clients.order import Order, expect
from clients.people import People
from clients.scenarios.crowd import Visit, path_of
from clients.scenarios.fate import COMPLETED
from clients.scenarios.paths import PATHS, Path, Scene, Steps
from clients.scenarios.stock import Stock

PACE = 12.0  # seconds between two customers
AT_ONCE = 7  # customers: fewer than the mall has robots, so that one is left for who orders at the kiosk
STEP = 5.0  # seconds that a robot or a clerk takes for each step at the depot
PATIENCE = 240.0  # seconds for which work is left to whoever sits at the console
LOOK_EVERY = 3.0  # seconds
BROUGHT_IN_WITHIN = 60  # seconds

NAMES = (
    "Ada Reyes",
    "Bo Lindqvist",
    "Chidi Eze",
    "Dana Kowalska",
    "Emre Aydın",
    "Farah Haddad",
    "Guo Lin",
)


class _ClosedError(Exception):
    """The mall is closing: whoever waits goes home."""


def leaves_the_check_in_to_staff(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain)
    yield from _checked_in_by_somebody(order, order.is_brought())
    order.pays()


def leaves_the_payment_to_staff(order: Order, scene: Scene) -> Steps:
    order.orders(scene.stock.plain).is_collected()
    wait_for(order.invoice, f"the invoice of order {order.id}")
    yield from _left_to_staff(lambda: order.invoice()["status"] == "pending", order.by_staff.pays)


def bring_in(people: People) -> int:
    """Have robots bring in what they had when the mall was stopped, so that they are free; returns how many lists."""
    brought: set[str] = set()

    def nothing_is_left() -> bool | None:
        left = _lists(people, "available", "assigned", "active")
        for one in left:
            if one["status"] == "available":
                continue
            brought.add(one["id"])
            if not people.on_stream:
                with _others_may_be_quicker():
                    order = _taken_up(people, one)
                    order.continues(one)
                    order.checks_in(one)
        return None if left else True

    with suppress(WaitTimeoutError):
        wait_for(nothing_is_left, "robots without lists", seconds=BROUGHT_IN_WITHIN)
    return len(brought)


def _is_taken_up(order: Order, shopping_list: Json) -> Steps:
    with _others_may_be_quicker():
        order.continues(shopping_list)
        yield from _checked_in_by_somebody(order, shopping_list)


def _taken_up(people: People, shopping_list: Json, rest: Callable[[], object] = lambda: None) -> Order:
    return Order(people, session=people.staff, id=shopping_list["orderId"], rest=rest)


@contextmanager
def _others_may_be_quicker() -> Iterator[None]:
    try:
        yield
    except MallError as error:
        if error.status not in (404, 409):
            raise


def _checked_in_by_somebody(order: Order, shopping_list: Json) -> Steps:
    yield from _left_to_staff(
        lambda: order.shopping_list()["status"] == "active", lambda: order.checks_in(shopping_list)
    )


def _left_to_staff(waits: Callable[[], bool], do: Callable[[], object]) -> Steps:
    """Wait until somebody did it. When patience ends, the mall's own clerk does."""
    for _ in range(int(PATIENCE / LOOK_EVERY)):
        if not waits():
            return
        yield LOOK_EVERY
    do()


# At 5 customers a minute, about one check-in and two payments wait for somebody at the console.
FOR_STAFF = (
    Path("leaves_the_check_in_to_staff", leaves_the_check_in_to_staff, COMPLETED, weight=3, steers=True),
    Path("leaves_the_payment_to_staff", leaves_the_payment_to_staff, COMPLETED, weight=6),
)
SHOPPED = (*(path for path in PATHS.values() if not path.expires), *FOR_STAFF)
"""What a customer may do who is watched: nothing that takes a day."""
SHOPPED_ON_STREAM = tuple(path for path in SHOPPED if not path.steers)
"""The same where robots are on the stream, and bring everything to the depot by themselves."""


class Shoppers:
    """Customers who come while it is entered (`with Shoppers(…):`), each on a path of the library, by their weights.

    scene: the robots, and the store for the paths alone. products: id → price of what they buy. pace: seconds between
    two. step: seconds for each step at the depot. At most AT_ONCE are in the mall, and none comes while it is full.
    `report` is called with one line for each that met an error, which ends no other. Lists that robots have and nobody
    works on, such as that of a person who ordered at the kiosk, are collected, too, and their check-in left to staff.
    """

    def __init__(
        self,
        people: People,
        scene: Scene,
        products: Mapping[str, float],
        report: Callable[[str], None],
        pace: float = PACE,
        step: float = STEP,
        paths: Collection[Path] = SHOPPED,
        patience: float = PATIENCE,
    ) -> None:
        self._people = people
        self._scene = scene
        self._products = list(products.items())
        self._report = report
        self._pace = pace
        self._step = step
        self._paths = paths
        self._patience = patience
        self._numbers = itertools.count()
        self._closed = threading.Event()
        self._here: dict[int, Order] = {}
        self._seen: dict[str, Json] = {}
        self._stuck: dict[tuple[str, str], float] = {}

    def __enter__(self) -> "Shoppers":
        _begin(self._come)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nobody is waited for: what is begun goes on when the mall is next started."""
        self._closed.set()

    def _come(self) -> None:
        while not self._closed.is_set():
            self._enter_next(next(self._numbers))
            try:
                if self._people.on_stream:
                    self._help_robots()
                else:
                    self._take_up()
            except Exception as error:  # the next look may go well
                self._say(f"what robots work on is not known: {error!r}")
            self._closed.wait(self._pace)

    def _enter_next(self, number: int) -> None:
        path = path_of(number, self._paths)
        order = Order(self._people, name=NAMES[number % len(NAMES)], rest=self._rest)
        self._enter(path.name, order, _visit(path, order, replace(self._scene, stock=self._stock(number))))

    def _stock(self, number: int) -> Stock:
        """The scene's, with other products in the basket each time."""
        kettle, lamp, mug = (self._products[(number * 7 + step * 11) % len(self._products)] for step in (1, 2, 3))
        return replace(self._scene.stock, kettle=kettle[0], lamp=lamp[0], mug=mug[0], prices=dict([kettle, lamp, mug]))

    def _enter(self, name: str, order: Order, steps: Steps) -> None:
        if len(self._here) < AT_ONCE:
            self._here[id(order)] = order
            _begin(lambda: self._walk(name, order, steps))

    def _walk(self, name: str, order: Order, steps: Steps) -> None:
        try:
            for pause in steps:
                self._wait(pause)
        except _ClosedError:
            pass
        except Exception as error:  # one customer's error ends no other's visit
            self._say(f"order {order.id or '(none)'}, {name}: {type(error).__name__}: {error}")
        finally:
            del self._here[id(order)]

    def _take_up(self) -> None:
        """Lists on which nothing was done since this was last called, by nobody who is here."""
        lists = _lists(self._people, "assigned", "active")
        here = {order.id for order in [*self._here.values()]}
        for one in lists:
            if self._seen.get(one["id"]) == one and one["orderId"] not in here:
                order = _taken_up(self._people, one, self._rest)
                self._enter("is taken up", order, _is_taken_up(order, one))
        self._seen = {one["id"]: one for one in lists}

    def _help_robots(self) -> None:
        """Robots on the stream work alone, until one cannot put down what it has: that is left to staff, too."""
        stuck = {
            (robot["id"], reference["value"])
            for robot in self._people.staff.pages("/api/fleet/robots", "robots")
            for error in robot["errors"]
            for reference in error["references"]
            if error["type"] == "DROP_FAILED" and reference["key"] == "actionId"
        }
        self._stuck = {each: self._stuck.get(each, time.monotonic()) for each in stuck}
        for (robot_id, action_id), since in self._stuck.items():
            if time.monotonic() - since >= self._patience:
                self._people.staff.put(f"/api/fleet/robots/{robot_id}/actions/{quote(action_id, '')}/retry")

    def _rest(self) -> None:
        self._wait(self._step)

    def _wait(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise _ClosedError

    def _say(self, line: str) -> None:
        if not self._closed.is_set():
            self._report(line)


def _lists(people: People, *statuses: str) -> list[Json]:
    return [one for status in statuses for one in people.staff.pages(f"/api/depot/shopping?status={status}", "lists")]


def _visit(path: Path, order: Order, scene: Scene) -> Steps:
    visit = Visit(path, order)
    yield from visit.steps(scene)
    expect(not visit.problem, f"another end: {visit.problem}")


def _begin(work: Callable[[], None]) -> None:
    """In a thread that does not keep the program from ending."""
    threading.Thread(target=work, daemon=True).start()
