"""What an order costs in messages, commits and bytes, counted in a mall in memory: the figures of docs/patterns.md.

`python -m tests.docs.figures` prints them in the words of the page.
"""

import json
from collections import Counter

from events.registry import Kind, language
from functions.kernel.eventstore.item import Item, text_of
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.json_text import compact
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.mall import Mall

PARTS = ("messages", "snapshot", "events")


def sentence() -> str:
    """The figures of one order of two products, from its checkout until it is completed."""
    mall = Mall()
    products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
    bring_a_robot_online(mall)
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2, products["charger"]: 1})
    shopper.authorizes_a_payment(54.8)
    before, stored = len(mall.published), {name: len(log) for name, log in _logs(mall).items()}

    shopper.checks_out()
    mall.pass_time(10)
    collect(shopper)
    mall.pass_time(60)
    shopper.pays()
    mall.pass_time(60)
    assert shopper.order()["status"] == "completed"

    messages = mall.published[before:]
    items = [item for name, log in _logs(mall).items() for item in log[stored[name] :]]
    kinds = Counter(language()[message.metadata.name].about.kind for message in messages)
    bodies = [json.loads(text_of(item)) for item in items]
    size = {part: sum(len(compact(body[part]).encode()) for body in bodies if part in body) for part in PARTS}
    whole = sum(len(text_of(item)) for item in items)
    shares = [f"{round(10 * size[part] / whole) * 10} %" for part in PARTS]
    return (
        f"{len(messages)} messages ({kinds[Kind.EVENT]} events, {kinds[Kind.COMMAND]} commands and "
        f"{kinds[Kind.REPLY]} replies) in {len(items)} commits; of their bytes before compression, the messages to "
        f"send are about {shares[0]}, the snapshots {shares[1]}, the events themselves {shares[2]}"
    )


def _logs(mall: Mall) -> dict[str, list[Item]]:
    """The commits that each service has stored, in order."""
    return {
        name: runtime.store.log
        for name, runtime in mall.runtimes.items()
        if isinstance(runtime.store, MemoryEventStore)
    }


if __name__ == "__main__":
    print(sentence())
