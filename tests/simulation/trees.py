"""Compare each order's tree, made from commits and messages alone, with the simulator's record of what was handled.

`make simulate` does so in each schedule. The tree is the command line's (`clients/cli/tree.py`). Each order's tree must
have what the record has: the same messages, each under the message that was handled when it was made, or where that is
none of the order's, under what its stream said before; and each commit of the order must be because of the message that
was handled when it was stored.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from clients.cli import tree
from events.registry import Kind, language
from tests.simulation.handlings import Handlings, recorded
from tests.simulation.history import Entry
from tests.simulation.schedule import Outcome, run_schedule

ORDER_IDS = ("order_id", "basket_id", "list_id", "difference_id")  # a field of one of these names holds the order's id
TICK = " at "  # in what the record calls a tick: its name and its time
KINDS = ("Order", "Basket", "CreateOrderSaga", "ShoppingList", "Invoice")  # the aggregates that have the order's id

Parents = dict[str, str | None]  # by message: the message that it followed from; None for a root


@dataclass(frozen=True)
class Compared:
    """How many orders a schedule had, and what was different in the trees of some: a text for each of these."""

    orders: int
    different: list[str]


@dataclass
class Made:
    """What a schedule stored and published: messages by id, their true causes, and commits with theirs."""

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)
    commits: dict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    lists: dict[str, str] = field(default_factory=dict)  # by the id of a list, its order: staff make lists of other ids

    @classmethod
    def of(cls, entries: Iterable[Entry], record: Handlings) -> "Made":
        made = cls()
        for _, kind, fields in entries:
            if kind == "commit":
                made._read(fields["item"], record)
        for id, detail in record.answers.items():
            if id not in made.messages:  # one that a commit carries is sent again when its command comes again
                made.messages[id] = detail
                made.causes[id] = record.messages[id]
        for one in made.messages.values():
            if one["data"].get("shopping_list_id") and one["data"].get("order_id"):
                made.lists[one["data"]["shopping_list_id"]] = one["data"]["order_id"]
        return made

    def named(self, id: str) -> set[str]:
        """The orders that a message names, by itself or by a list."""
        return {self.lists.get(one, one) for one in _named(self.messages[id]["data"])}

    def tells_of(self, id: str) -> set[str]:
        """The orders that a message names, also as what its robot was sent last."""
        last = str(self.messages[id]["data"].get("last_order") or "").partition(".")[0]
        return self.named(id) | ({self.lists.get(last, last)} if last else set())

    def is_of_no_order(self, id: str) -> bool:
        """Whether no message led to a message, and it names no order."""
        return not self.messages[id]["metadata"]["causation_id"] and not self.tells_of(id)

    def before(self, id: str) -> set[str]:
        """The orders that the message before this one in its stream names."""
        told = self.messages[id]["metadata"]
        earlier = [
            (about["stream_version"], other)
            for other, one in self.messages.items()
            if (about := one["metadata"])["stream"] == told["stream"]
            and about["stream_version"] < told["stream_version"]
        ]
        return self.named(max(earlier)[1]) if earlier else set()

    def _read(self, item: Mapping[str, Any], record: Handlings) -> None:
        stream, said = item["stream"]["S"], item.get("causation_id", {}).get("S", "")
        handled = record.commits.get(item["id"]["S"], "")
        self.commits[stream].append((f"{stream} {item['version']['N']}", said, handled))
        for carried in json.loads(item["messages"]["S"]) if "messages" in item else ():
            id = carried["detail"]["metadata"]["id"]
            self.messages[id] = carried["detail"]
            self.causes[id] = handled


def run_and_compare(seed: int) -> tuple[Outcome, Compared]:
    """Run one schedule, and compare the trees of all its orders with the record."""
    with recorded() as record:
        outcome = run_schedule(seed)
    made = Made.of(outcome.history, record)
    orders = sorted(stream.partition("#")[2] for stream in made.commits if stream.startswith("Order#"))
    different = []
    for order in orders:
        if found := [*differences(order, made)]:
            different.append(f"seed {seed}, order {order}: {'; '.join(found)}")
    return outcome, Compared(len(orders), different)


def differences(order: str, made: Made) -> Iterator[str]:
    """What is different between an order's tree and the record: a text for each message or commit."""
    found, true = of_tree(timeline(order, made.messages.values(), made.lists)), _of_record(order, made)
    for id in sorted({*found, *true}):
        if id not in found or id not in true:
            yield f"{_name(id, made)} is only in the {'record' if id in true else 'tree'}"
        elif found[id] != true[id]:
            yield f"{_name(id, made)} is under {_name(found[id], made)}, not {_name(true[id], made)}"
    for kind in KINDS:
        for where, said, handled in made.commits.get(f"{kind}#{order}", ()):
            if (said if said in made.messages else "") != (handled if handled in made.messages else ""):
                yield f"{where} says that {_name(said, made)} led to it, not {_name(handled, made)}"


def of_tree(messages: list[dict[str, Any]]) -> Parents:
    """The messages of a tree, each with the one that it is under."""
    parents: Parents = {}
    above: list[str] = []
    for one in tree.branches(messages):
        del above[one.depth :]
        parents[one.message["id"]] = above[-1] if above else None
        above.append(one.message["id"])
    return parents


def timeline(
    order: str, messages: Iterable[Mapping[str, Any]], lists: Mapping[str, str] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """An order's timeline in the form of its route: the messages of its flows, and events about it in others.

    lists: by the id of a list, its order. What a flow led to in another order, as that its list goes to a robot that
    the flow made free, is in the streams of that one, and not in this timeline.
    """
    details = list(messages)
    flows = _flows(order, details)
    found = []
    for one in details:
        named = {lists.get(id, id) for id in _named(one["data"])}
        is_of_flow = one["metadata"]["correlation_id"] in flows and (not named or order in named)
        if is_of_flow or (_is_event(one) and order in _named(one["data"])):
            found.append(_shown(one))
    return found


def _of_record(order: str, made: Made) -> Parents:
    """By the record: what names the order; and what was made with it, or followed from it in its flows, and names none.

    What followed in another flow and names no order is that one's: a robot that another list made free was assigned the
    order's, and became unfit.
    A tick of a schedule has to do with many orders: what was made of the same one belongs to this order only if its
    stream was about it just before, as that of a robot that loses its lease while it has the order's list.
    What began a flow in which the order went on belongs to it too, as that its robot became unfit and lost its list.
    What names a list of staff's own id alone belongs to it in the order's flows only (docs/adr/0058), not after such a
    list was given back; so does that a robot became unfit whose last order was the order's, and what nothing led to and
    names no order, as that a robot connected before it received the cancellation of its order.
    """
    flows = _flows(order, made.messages.values())
    followed: dict[str, list[str]] = defaultdict(list)
    for id, cause in made.causes.items():
        followed[cause].append(id)
    chosen = {
        id
        for id, one in made.messages.items()
        if order in _named(one["data"])
        or (one["metadata"]["correlation_id"] in flows and (order in made.tells_of(id) or made.is_of_no_order(id)))
    }
    waiting = [*chosen, *(cause for id in chosen if (cause := made.causes[id]) and cause not in made.messages)]
    while waiting:
        cause = waiting.pop()
        for id in followed.get(cause, ()):
            is_here = made.messages[id]["metadata"]["correlation_id"] in flows
            if is_here and id not in chosen and not made.named(id) and (TICK not in cause or order in made.before(id)):
                chosen.add(id)
                waiting.append(id)
        began = made.causes.get(cause, "")
        is_another = began in made.messages and began not in chosen and not made.named(began)
        if is_another and made.messages[began]["metadata"]["correlation_id"] in flows:
            chosen.add(began)
            waiting.append(began)
    parents: Parents = {id: cause if (cause := made.causes[id]) in chosen else None for id in chosen}
    for id in sorted(chosen, key=lambda id: (made.messages[id]["metadata"]["time"], id)):
        if parents[id] is None:
            parents[id] = _said_before(id, parents, made)
    return parents


def _flows(order: str, messages: Iterable[Mapping[str, Any]]) -> set[str]:
    """The flows in which something about an order began that nothing in them had led to."""
    return {
        one["metadata"]["correlation_id"]
        for one in messages
        if not one["metadata"]["causation_id"] and order in _named(one["data"])
    }


def _said_before(id: str, parents: Parents, made: Made) -> str | None:
    """What the stream of a message said before that followed from something else, if something led to this one.

    By their times, and clocks differ: what followed from the message is not before it, whatever its time.
    """
    of_stream: list[tuple[str, str]] = []
    told = made.messages[id]["metadata"]
    for other in parents:
        about = made.messages[other]["metadata"]
        if about["stream"] == told["stream"] and about["causation_id"] != told["causation_id"]:
            of_stream.append((about["time"], other))
    before = [one for one in of_stream if one < (told["time"], id) and id not in _above(one[1], parents)]
    return max(before)[1] if told["causation_id"] and before else None


def _above(id: str | None, parents: Parents) -> set[str]:
    found: set[str] = set()
    while id and id not in found:
        found.add(id)
        id = parents[id]
    return found


def _named(data: Mapping[str, Any]) -> set[str]:
    """The orders that a message names."""
    return {str(data[name]) for name in ORDER_IDS if data.get(name)}


def _is_event(one: Mapping[str, Any]) -> bool:
    known = language().get(one["metadata"]["name"])
    return known is not None and known.about.kind is Kind.EVENT


def _shown(detail: Mapping[str, Any]) -> dict[str, Any]:
    told = detail["metadata"]
    return {
        "id": told["id"],
        "name": told["name"],
        "time": told["time"],
        "source": told["source"],
        "stream": told["stream"],
        "correlationId": told["correlation_id"],
        "causationId": told["causation_id"],
        "actor": told["actor"],
        "data": detail["data"],
    }


def _name(id: str | None, made: Made) -> str:
    if not id or id not in made.messages:
        return "nothing"
    told = made.messages[id]["metadata"]
    return f"{told['name']} of {told['stream']} {told['stream_version']}"
