"""The judge of a run: by what is stored in all tables, and by what clients were answered.

Most of it is the simulation's checker over a history that is made of both (history.py). Its families that need what
only a simulated cloud records are left out, as are single invariants (UNSEEN). Orders and the provider's books are
added up here once more, by nothing but the tables.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.order import FINAL
from clients.scenarios.crowd import Visit
from tests.chaos import reads
from tests.chaos.history import SANDBOX, Recorded, waiting
from tests.chaos.journal import Journal
from tests.chaos.kills import TakenBack
from tests.chaos.saved import Saved
from tests.simulation.check import (
    baskets,
    collection,
    commands,
    delivery,
    lists,
    money,
    orders,
    provider,
    published_state,
    refusals,
    robots,
    sagas,
    side_effects,
    transitions,
)
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.violation import Violation

Family = Callable[[ParsedHistory, Deliveries], Iterator[Violation]]

FAMILIES: tuple[Family, ...] = (
    lambda history, _: commands.violations(history),
    lambda history, _: transitions.violations(history),
    delivery.violations,
    side_effects.violations,
    money.violations,
    provider.violations,
    robots.violations,
    sagas.violations,
    lambda history, _: published_state.violations(history),
    lambda history, _: baskets.violations(history),
    orders.violations,
    collection.violations,
    lambda history, _: refusals.violations(history),
    lambda history, _: lists.violations(history),
)
LOST = {
    commands.ONCE,
    commands.KEY_STORED,
    commands.VERSIONS_IN_ORDER,
    delivery.PUBLISHED,
    delivery.DELIVERED,
    delivery.ANSWERED,
}
TWICE = {
    commands.AT_MOST_ONCE,
    commands.SAME_ANSWER,
    side_effects.ONE_EFFECT,
    side_effects.NOTIFIED_ONCE,
    side_effects.REFUNDED_ONCE,
    provider.ASKED_ONCE,
}
UNFINISHED = {sagas.ENDS, sagas.COMPENSATED, orders.READY, orders.LIST_CANCELLED}
# What cannot be told from the last state of tables and from answers: marks are gone when their saga has ended, the
# carrier of texts is given no ids, heartbeats have no keys, and when a commit came to its table is not stored
# (reads.py judges reads by answers).
UNSEEN = {sagas.MARKED, side_effects.RECORDED, collection.SILENT, commands.READ_YOUR_WRITES}
ENOUGH_NAMED = 40
ROBOTS_UNDELIVERED = "fleet/topics/undelivered"


@dataclass
class Verdict:
    """What became of the orders, and what is wrong with it; each wrong thing is a sentence.

    money: what differs, in cents, by order. others: violations that are none of the above.
    """

    orders: int
    statuses: Counter[str]
    faults: Mapping[str, int]
    kills: Sequence[TakenBack]
    rested: bool
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    money: dict[str, int] = field(default_factory=dict)
    dead_letters: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    astray: int = 0

    def report(self) -> dict[str, Any]:
        """The last line."""
        return {
            "orders": self.orders,
            **{status: self.statuses[status] for status in FINAL},
            "lost": len(self.lost),
            "twice": len(self.twice),
            "unfinished": len(self.unfinished),
            "money_difference": sum(self.money.values()),
            "rolled_back": sum(len(kill.requests) for kill in self.kills),
            "dead_letters": len(self.dead_letters),
            "faults": dict(self.faults),
        }

    def details(self) -> dict[str, Any]:
        """The line before: further figures, and what is wrong."""
        return {
            "rested": self.rested,
            "astray": self.astray,
            "rolled_back_seconds": [round(kill.seconds, 1) for kill in self.kills],
            "promised_seconds": [round(kill.promised, 1) for kill in self.kills],
            "repetitions_refused": [text for kill in self.kills for text in kill.refused],
            "wrong": {name: found[:ENOUGH_NAMED] for name, found in self._wrong().items() if found},
        }

    def _wrong(self) -> dict[str, list[str]]:
        return {
            "lost": self.lost,
            "twice": self.twice,
            "unfinished": self.unfinished,
            "money": [f"order {order}: {cents} cents" for order, cents in self.money.items()],
            "dead letters": self.dead_letters if self._unexplained_letters() else [],
            "others": self.others,
            "kills": [
                f"a kill took back what was acknowledged {kill.seconds:.1f} s before, and {kill.promised:.1f} s are "
                "promised"
                for kill in self.kills
                if not kill.kept_its_promise
            ],
            "faults": [f"{fault} never struck" for fault, times in self.faults.items() if not times],
        }

    def _unexplained_letters(self) -> bool:
        """Whether there are others than those of the broker's rules that failed: a robot's next state replaces it.

        A kill of the engine takes letters back, and not their count.
        """
        of_robots = [letter for letter in self.dead_letters if letter.startswith(ROBOTS_UNDELIVERED)]
        return len(of_robots) < len(self.dead_letters) or len(of_robots) > self.faults.get("iot_lost", 0)

    def holds(self, completed: float) -> bool:
        """Whether nothing is wrong, and at least such a share of the orders was completed."""
        return self.rested and not any(self._wrong().values()) and self.statuses["completed"] >= completed * self.orders


def judge(
    found: Saved,
    journal: Journal,
    visits: Sequence[Visit],
    kills: Sequence[TakenBack],
    faults: Mapping[str, int],
    settings: Mapping[str, str],
    faults_ended: float,
    *,
    rested: bool,
) -> Verdict:
    """Judge a run by its last saved moment. faults_ended: a Unix time."""
    recorded = Recorded(found, journal, settings, faults_ended, rested=rested)
    history = ParsedHistory(recorded.entries, recorded.final)
    deliveries = Deliveries(history)
    verdict = Verdict(len(visits), Counter(), faults, kills, rested)
    verdict.astray = sum(bool(visit.problem) for visit in visits)
    verdict.unfinished += [f"{queue} holds {count} messages" for queue, count in waiting(found).items()]
    first = min((asked.at for asked in journal.entries), default=0.0)
    for queue, letters in found.failures().items():
        of_this_run = [letter for letter in letters if letter.get("sent_at", first) >= first]
        verdict.dead_letters += [f"{queue}: {letter['body'][:200]}" for letter in of_this_run]
    _orders(verdict, history, visits)
    verdict.money = _differences(found, history)
    for family in FAMILIES:
        for violation in family(history, deliveries):
            _place(verdict, violation)
    verdict.others += reads.violations(journal.entries)
    return verdict


def _place(verdict: Verdict, violation: Violation) -> None:
    text = f"{violation.invariant}: {violation.text}"
    if violation.invariant in UNSEEN:
        return
    if violation.invariant in LOST:
        verdict.lost.append(text)
    elif violation.invariant in TWICE:
        verdict.twice.append(text)
    elif violation.invariant in UNFINISHED:
        verdict.unfinished.append(text)
    else:
        verdict.others.append(text)


def _orders(verdict: Verdict, history: ParsedHistory, visits: Sequence[Visit]) -> None:
    """How the orders ended; one whose checkout was acknowledged and that is not there is lost."""
    of_orders = {id: money.Order() for id, _ in history.of_kind("Order")}
    for id, order in of_orders.items():
        for commit in history.stream("Order", id):
            for event in commit.events:
                order.apply(event)
        if order.status not in FINAL:
            verdict.unfinished.append(f"the order {id} is {order.status}")
    for visit in visits:
        placed = of_orders.get(visit.order.id)
        verdict.statuses[placed.status if placed else "none"] += 1
    for request in history.requests.values():
        if request.accepted and request.method == "PUT" and request.path.endswith("/checkout"):
            id = request.path.split("/")[-2]
            if id not in of_orders:
                verdict.lost.append(f"the checkout of the basket {id} was acknowledged, and there is no order")


def _differences(found: Saved, history: ParsedHistory) -> dict[str, int]:
    """|captured - refunded - owed| by order, in cents, by the provider's books and the orders' own events."""
    kept: dict[str, int] = defaultdict(int)
    for item in found.tables.get("payments/views", []):
        partition = item["partition"]["S"]
        entry = row_data(item) if partition.startswith(SANDBOX) else None
        if entry and entry["done"] and entry["kind"] in ("capture", "refund"):
            sign = 1 if entry["kind"] == "capture" else -1
            kept[partition.removeprefix(SANDBOX)] += sign * entry["amount"]
    owed: dict[str, int] = defaultdict(int)
    orders_of: dict[str, str] = {}
    for id, commits in history.of_kind("Order"):
        order = money.Order()
        for commit in commits:
            for event in commit.events:
                order.apply(event)
        owed[order.payment] += order.total if order.status == "completed" else 0
        orders_of.setdefault(order.payment, id)
    differences = {
        orders_of.get(payment, f"(payment {payment})"): abs(kept[payment] - owed[payment]) for payment in {*kept, *owed}
    }
    return {order: cents for order, cents in differences.items() if cents}
