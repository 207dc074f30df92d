"""A small service for tests of the kernel: jars of coins. Nothing in it is about the mall."""

from dataclasses import dataclass

from events.registry import Command, Event, Reply, Timer
from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.kernel.eventstore.publish import Publisher, Reminder
from functions.kernel.eventstore.repository import Repository


class JarState(Event):
    """The public state of a jar."""

    jar_id: str
    coins: int


class JarFilled(JarState, source="jars", key="jar_id"):
    """Coins were added."""

    added: int


class JarSealed(JarState, source="jars", key="jar_id"):
    """The jar takes no more coins."""


class FillJar(Command, source="jars", key="jar_id", to="jars"):
    """Add coins."""

    jar_id: str
    coins: int


class JarFillAccepted(Reply, source="jars", key="jar_id", answers=FillJar):
    """The coins were added."""

    jar_id: str


class JarFillRefused(Reply, source="jars", key="jar_id", answers=FillJar):
    """The coins were not added."""

    jar_id: str
    reason: str


class JarForgotten(Timer, source="jars", key="jar_id"):
    """A reminder of a sealed jar, an hour later."""

    jar_id: str


class JarsDue(Timer, source="jars", key="time"):
    """The schedule of the jars."""

    time: str


@dataclass(frozen=True)
class Filled(DomainEvent):
    coins: int
    note: str = ""


@dataclass(frozen=True)
class Sealed(DomainEvent):
    pass


@dataclass
class Jar(Aggregate):
    """Takes coins until it is sealed."""

    coins: int = 0
    notes: tuple[str, ...] = ()
    status: str = "open"

    def fill(self, coins: int, note: str = "") -> None:
        if coins < 0:
            raise InvalidError("nothing comes out of a jar")
        if self.status == "sealed":
            raise RefusedError("the jar is sealed", self.status)
        self.record(Filled(coins, note))

    def fill_each(self, *coins: int) -> None:
        for some in coins:
            self.fill(some)

    def fill_up_to(self, coins: int) -> None:
        if coins > self.coins:
            self.fill(coins - self.coins)

    def seal(self) -> None:
        if self.status != "sealed":
            self.record(Sealed())

    @applies(Filled)
    def _filled(self, event: Filled) -> None:
        self.coins += event.coins
        if event.note:
            self.notes = (*self.notes, event.note)

    @applies(Sealed)
    def _sealed(self, event: Sealed) -> None:
        self.status = "sealed"


@dataclass
class Chest(Jar):
    """A jar of another kind."""


publishes = Publisher("jars")


@publishes(Filled)
def jar_filled(jar: Jar, event: Filled) -> JarFilled:
    return JarFilled(jar_id=jar.id, coins=jar.coins, added=event.coins)


@publishes(Sealed)
def jar_sealed(jar: Jar, event: Sealed) -> JarSealed:
    return JarSealed(jar_id=jar.id, coins=jar.coins)


@publishes.reminder(Sealed)
def forgotten(jar: Jar, event: Sealed) -> Reminder:
    return Reminder(JarForgotten(jar_id=jar.id), after=3600)


jars = Repository(Jar, publishes)
chests = Repository(Chest, publishes)
