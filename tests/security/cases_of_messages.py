"""Messages that were put on the bus by someone who may not send them, and what logs tell."""

import json
from typing import Any

from tests.security.cases import Case
from tests.security.world import Answer, World

SENDERS = "who sent a message is not checked"
IAM = "a role may publish under any source"
QUOTES = "logs quote what was sent"
VERSIONS = "a row is written whatever its version"
LINES = "a log line may hold a line break"

REFUSED, ACCEPTED = 403, 200


def message(world: World, name: str, source: str, data: dict[str, Any], stream: str) -> dict[str, Any]:
    """A message as its publisher would send it."""
    metadata = {
        "id": "00000000-0000-4000-8000-00000000f0f0",
        "name": name,
        "version": 1,
        "time": "2026-01-05T09:00:00.000000Z",
        "source": source,
        "stream": stream,
        "stream_version": 99,
        "correlation_id": "00000000-0000-4000-8000-00000000c0c0",
        "causation_id": None,
        "actor": "system",
        "traceparent": "00-00000000000000000000000000000001-0000000000000001-01",
    }
    return {"metadata": metadata, "data": data}


def forged(thief: str, source: str, claimed: str) -> Any:
    """The role of a service says on the bus, under a source, that Bob's invoice is paid; `claimed`: in the message."""

    def attack(world: World) -> Answer:
        order = world.scene.ids["bobs_order"]
        data = {"invoice_id": order, "order_id": order, "payment_id": "none", "amount": 1, "status": "paid"}
        detail = message(world, "InvoicePaid", claimed, data, f"Invoice#{order}")
        entry = {"Source": source, "DetailType": "InvoicePaid", "Detail": json.dumps(detail)}
        refusal = world.publish(thief, entry)
        world.settle()
        return Answer(REFUSED if refusal else ACCEPTED, {}, json.dumps(refusal))

    return attack


def rebranded(world: World) -> None:
    """The store had another name before."""
    body = {"name": "Volt & Wire & More"}
    answer = world.send("PUT", world.scene.path("/api/stores/{store}/rebrand"), body, token=world.scene.tokens["staff"])
    assert answer.status == 200, answer


def replayed(world: World) -> Answer:
    """What told of the store's first name is put on the bus again, as it was and under its own source."""
    detail = world.message("stores", f"Store#{world.scene.ids['store']}", "StoreCreated")
    entry = {"Source": "mallbots.stores", "DetailType": "StoreCreated", "Detail": json.dumps(detail)}
    return Answer(REFUSED if world.publish("stores", entry) else ACCEPTED, {}, "")


def logged(secret: str, method: str, path: str, body: Any) -> Any:
    """A request that fails, after which no log line may hold what it said."""

    def attack(world: World) -> Answer:
        route = f'"route":"{method} {path}","status":400'
        before = world.logs().count(route)
        answer = world.send(method, world.scene.path(path), body, token=world.scene.tokens["staff"])
        assert world.logs().count(route) > before, "the request has no line, so its log shows nothing"
        assert secret not in world.logs(), f"a log line holds {secret!r}"
        return answer

    return attack


def token_in_logs(world: World) -> Answer:
    """A request under a token that is refused, of which no log line may hold a part."""
    token = world.scene.tokens["ada"] + "x"
    answer = world.send("GET", "/api/stores", token=token)
    assert token.rpartition(".")[2] not in world.logs(), "a log line holds a token"
    return answer


def forged_line(world: World) -> Answer:
    """A correlation id that would be a line of its own in the log, and a header of its own in the answer."""
    header = {"X-Correlation-Id": 'x"}%0d%0a{"level": "ERROR", "forged": true'}
    answer = world.send("GET", "/api/stores/none", token=world.scene.tokens["staff"], headers=header)
    assert "forged" not in world.logs(), "a client wrote into the log"
    assert not any("forged" in value for value in answer.headers.values()), "a client wrote a header"
    return answer


CASES = (
    Case(
        "the depot's role publishes an event under the source of payments",
        (REFUSED,),
        IAM,
        forged("depot", "mallbots.payments", "mallbots.payments"),
    ),
    Case(
        "the depot's role publishes an event of payments under its own source",
        (ACCEPTED,),
        SENDERS,
        forged("depot", "mallbots.depot", "mallbots.payments"),
    ),
    Case(
        "the depot's role publishes an event of payments as its own",
        (ACCEPTED,),
        SENDERS,
        forged("depot", "mallbots.depot", "mallbots.depot"),
    ),
    Case("a message from the past is replayed", (ACCEPTED,), VERSIONS, replayed, prepare=rebranded),
    Case(
        "a name in the log of a refused request",
        (400,),
        QUOTES,
        logged("Xanthippe", "POST", "/api/customers", {"name": "Xanthippe" * 30, "smsNumber": "+15550177"}),
    ),
    Case(
        "a number in the log of a refused request",
        (400,),
        QUOTES,
        logged("+15550177", "POST", "/api/customers", {"name": "", "smsNumber": "+15550177"}),
    ),
    Case("a token in the log of a refused request", (401,), QUOTES, token_in_logs),
    Case("a line in the log that a client wrote", (404,), LINES, forged_line),
)
