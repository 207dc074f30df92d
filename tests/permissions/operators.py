"""What operators and operations do, told as a story: each function is recorded while it works."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from functions.kernel.composition import forecast, replay
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.runtime import ids
from functions.kernel.runtime.json_text import compact
from functions.kernel.runtime.runtime import Port
from functions.operations import cloud, history_rows, mappings, rows, run_rows
from functions.operations.consumers import Consumer, FailureQueue
from functions.operations.letters import DONE
from functions.operations.mappings import Backlog
from tests.contract.rest.furnished import Furnished
from tests.permissions.recorder import Recorder
from tests.support.mall import Mall
from tests.support.mappings import MemoryMappings
from tests.unit.operations.made import ID, made

PORTS: dict[str, Port[Any]] = {
    port.name: port
    for port in (
        *(
            cloud.failure_queues,
            cloud.inboxes,
            cloud.outcomes,
            cloud.relays,
            cloud.relays_now,
            cloud.forecasts,
            cloud.forecasts_now,
        ),
        *(
            cloud.replays,
            cloud.replays_now,
            cloud.starts,
            cloud.topic,
            mappings.mappings,
            mappings.backlog,
            mappings.uncollected,
        ),
    )
}


AN_ORDER, MANY = "an order", 50  # more letters than are forecast within a request


class Functions:
    """The functions of one name, of all services of a mall; each works as itself."""

    def __init__(self, mall: Mall, recorder: Recorder, part: str, handle: Callable[[dict[str, Any]], Any]) -> None:
        self._mall, self._recorder, self._part, self._handle = mall, recorder, part, handle

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._mall.at_work(service), self._recorder.working(self._part):
            answer: dict[str, Any] = self._handle(dict(request))
        return answer


class Topic:
    """The topic of alarms."""

    def publish(self, subject: str, text: str) -> None:
        """Nobody subscribed."""


class Queues:
    """The queues of consumers, in which nothing waits, and those of their dead letters, which are collected."""

    def measure(self, queue: Consumer | FailureQueue) -> Backlog:
        return Backlog(visible=0, in_flight=0, delayed=0)


def in_memory(mall: Mall, recorder: Recorder) -> dict[str, Any]:
    """Adapters of the ports that a mall in memory lacks."""
    forecasts = Functions(mall, recorder, "forecast", forecast.handle)
    replays = Functions(mall, recorder, "replay", replay.handle)
    return {
        "forecasts": forecasts,
        "forecasts_now": forecasts,
        "replays": replays,
        "replays_now": replays,
        "topic": Topic(),
        "mappings": MemoryMappings(),
        "backlog": Queues(),
        "uncollected": Queues(),
    }


def a_body(mall: Mall) -> str:
    """A message that insights handled, as it came from the bus."""
    sent = next(one for one in mall.published if one.metadata.name == "OrderApproved")
    content = {
        "detail-type": sent.metadata.name,
        "source": sent.metadata.source,
        "detail": sent.model_dump(mode="json"),
    }
    return compact(content)


def operators(furnished: Furnished) -> None:
    """What was given up is collected, forecast, sent back, put away; read models are made again; a consumer rests."""
    mall = furnished.mall
    for subscriber in mall.subscribers:
        subscriber.queue.send("poison")
    mall.settle()
    mall.operate("collector")
    for kind in ("redrive", "forecast", "replay", "rebuild"):
        assert furnished.things[kind]
    with mall.at_work("operations"):
        letters = [made(number, "stores/inbox", order=AN_ORDER).after("stored") for number in range(MANY)]
        for letter in (*letters, made(MANY, "stores/inbox", order="", correlation_id="a flow").after("stored")):
            rows.put(letter)
        passes = rows.put(made(MANY + 1, "insights/inbox", body=a_body(mall), fingerprint="another").after("stored"))
    furnished.ask("POST", "/api/operations/redrives", {"letters": [passes.id]})
    furnished.ask("POST", "/api/operations/forecasts", {"letters": [], "filter": {"reason": "JSON"}})
    for about in ({"group": ID}, {"filter": {"order": AN_ORDER}}):
        furnished.ask("POST", "/api/operations/forecasts", {"letters": [], **about})
        furnished.ask("POST", "/api/operations/redrives", about)
    retry = f"/api/operations/sagas/{furnished.things['order']}/retry"
    furnished.ask("PUT", retry, {"commands": ["AuthorizeCustomer"]})
    order, things = furnished.things["order"], furnished.things
    furnished.ask("GET", f"/api/operations/orders/{order}/timeline")
    for stream in (
        *(f"baskets/Basket/{order}", f"ordering/Order/{order}", f"depot/Bot/{things['idle robot']}"),
        *(f"fleet/Robot/{things['robot']}", f"stores/Store/{things['store']}", f"payments/Payment/{things['payment']}"),
        *(f"customers/Customer/{things['customer']}", f"checkout/CreateOrderSaga/{order}"),
        f"notifications/Notification/{ids.derive(order, 'received')}",
    ):
        furnished.ask("GET", f"/api/operations/streams/{stream}/state")
    for service in services():
        if manifest(service).makes_rows:
            furnished.ask("GET", f"/api/operations/estimates/replay?to={service}")
    furnished.ask("PUT", "/api/operations/consumers/depot/inbox/pause", {"reason": "it fails"})
    for _ in range(20):
        mall.operate("redriver")
        mall.operate("runner")
        mall.settle()
        mall.operate("collector")
        mall.pass_time(60)
    for letter in furnished.ask("GET", "/api/operations/letters?service=stores&limit=100")["letters"]:
        furnished.ask("GET", f"/api/operations/letters/{letter['id']}")
    assert furnished.ask("GET", f"/api/operations/letters/{passes.id}")["letter"]["state"] == DONE
    furnished.ask("PUT", "/api/operations/consumers/depot/inbox/resume")
    mall.operate("runner")
    switch_what_was_built(furnished)


def switch_what_was_built(furnished: Furnished) -> None:
    """A read model of each service that has some is built anew, and is to be read from now on."""
    for service in services():
        if not manifest(service).makes_rows:
            continue
        asked = {"service": service, "view": "one of its views"}
        built = furnished.ask("POST", "/api/operations/rebuilds", asked)["id"]
        with furnished.mall.at_work("operations"):
            run = run_rows.get(built)
            progress = replace(history_rows.progress(run), step=history_rows.BUILT, generation=1)
            history_rows.put(run, progress)
        furnished.ask("PUT", f"/api/operations/runs/{built}/switch")
