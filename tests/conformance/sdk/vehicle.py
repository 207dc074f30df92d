"""The vehicle of vda5050-sdk, an implementation of version 2.1.0 by others, towards our gateway."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from vda5050.client.agv.client import VehicleClient
from vda5050.client.agv.executor import OrderExecutor
from vda5050.config import VehicleConfig
from vda5050.model.common import Action as SdkAction
from vda5050.model.enums import ActionStatus as SdkActionStatus
from vda5050.model.enums import OperatingMode as SdkOperatingMode
from vda5050.model.order import Edge as SdkEdge
from vda5050.model.order import Node as SdkNode
from vda5050.model.order import Order as SdkOrder
from vda5050.testing.memory_transport import MemoryBroker, MemoryTransport
from vda5050.topics import build_topic

from events.floor.plan import plan
from events.vda5050.collecting import COLLECT, QUANTITY
from events.vda5050.topics import Kind
from tests.conformance.gateways.bench import SENT_AGAIN, Bench
from tests.conformance.gateways.played import START, Got, PlayedRobot
from tests.conformance.gateways.progressing import picks
from tests.conformance.kit import Cases, require
from tests.conformance.sdk.translator import Translator
from tests.flow.shopper import Shopper

REPORTS = (Kind.STATE, Kind.CONNECTION, Kind.FACTSHEET)


class Executor(OrderExecutor):
    """The SDK's executor with an action of the mall: it finds `short` fewer of the first line."""

    short = 0

    async def run_action(self, action: SdkAction, *, node: SdkNode | None = None, edge: SdkEdge | None = None) -> None:
        if action.action_type != COLLECT:
            await super().run_action(action, node=node, edge=edge)
            return
        wanted = next(each.value for each in action.action_parameters or [] if each.key == QUANTITY)
        found, Executor.short = wanted - Executor.short, 0
        self._publisher.report_action(action.action_id, SdkActionStatus.RUNNING, action_type=COLLECT)
        self._publisher.report_action(
            action.action_id, SdkActionStatus.FINISHED, action_type=COLLECT, result_description=str(found)
        )


class Sdk:
    """The SDK's vehicle on a broker of its own, and our gateway on the other side of a translator.

    The vehicle begins with its order when it is told to, so that a case can look at what lies between.
    """

    def __init__(self) -> None:
        self.bench = Bench()
        self.robot: PlayedRobot = self.bench.robot(online=False)
        self.translator = Translator()
        self.broker = MemoryBroker()
        self.transport = MemoryTransport(self.broker)
        self.bridge = MemoryTransport(self.broker)
        self.orders: list[SdkOrder] = []
        self._passed_on = 0
        config = VehicleConfig(manufacturer="mallbots", serial_number=self.robot.id, validate_messages=True)
        self.vehicle = VehicleClient(config, transport=self.transport, factsheet_provider=None)
        self.vehicle.on_order(self.orders.append)

    async def begin(self) -> None:
        """The vehicle connects, and stands where the mall's robots begin."""
        for kind in REPORTS:
            await self.bridge.subscribe(build_topic("mallbots", self.robot.id, kind), self._up)
        self.robot.begins_connection()
        await self.vehicle.connect()
        here = plan().nodes[START]
        publisher = self.vehicle.publisher
        publisher.update_position(x=here.x, y=here.y, theta=0.0, map_id=plan().map)
        publisher.mark_node_traversed(START, 0)
        await self.reports()

    async def _up(self, topic: str, payload: bytes) -> None:
        kind = Kind(topic.rpartition("/")[2])
        newer = self.translator.to_3(json.loads(payload))
        if kind is Kind.STATE:  # 2.1.0 keeps the first node's sequence id; what it lacks has a default in 3.0.0
            newer.setdefault("instantActionStates", [])
        self.robot.sends_text(kind, json.dumps(newer).encode())

    async def reports(self, seconds: float = 1) -> None:
        """The vehicle reports; time passes; what the gateway sends reaches the vehicle."""
        await self.vehicle.publish_state()
        self.bench.passes(seconds)
        while self._passed_on < len(self.robot.got):
            got = self.robot.got[self._passed_on]
            self._passed_on += 1
            await self._down(got)
        await self.vehicle.publish_state()
        self.bench.passes(1)

    async def _down(self, got: Got) -> None:
        kind = Kind(got.topic.rpartition("/")[2])
        message = json.loads(got.payload)
        if kind is Kind.INSTANT_ACTIONS:
            self.translator.sent(message)
        older = self.translator.to_2(message)
        topic = build_topic("mallbots", self.robot.id, kind)
        await self.bridge.publish(topic, json.dumps(older).encode())

    async def works(self, short: int = 0) -> None:
        """The vehicle works its latest order off."""
        Executor.short = short
        await Executor(self.vehicle.publisher).run(self.orders[-1])
        await self.reports(3)


VEHICLE_CASES: Cases[Sdk] = Cases("gateway, with the SDK's vehicle", {})


def case(section: str) -> Callable[[Callable[[Sdk], Coroutine[Any, Any, None]]], object]:
    """Declare a case that runs in an event loop of its own."""

    def declare(attempt: Callable[[Sdk], Coroutine[Any, Any, None]]) -> object:
        async def whole(sdk: Sdk) -> None:
            await sdk.begin()
            await attempt(sdk)
            await sdk.vehicle.publisher.stop()
            aside = sdk.bench.mall.dead_letters().get("fleet", [])
            require(not aside, f"the gateway put {len(aside)} messages aside")

        def run(sdk: Sdk) -> None:
            asyncio.run(whole(sdk))

        run.__name__, run.__doc__ = attempt.__name__, attempt.__doc__
        return VEHICLE_CASES(section)(run)

    return declare


async def _taken(sdk: Sdk) -> Shopper:
    shopper = sdk.bench.order()
    await sdk.reports(SENT_AGAIN)
    require(sdk.orders, "the vehicle took no order")
    return shopper


@case("6.5")
async def the_sdks_vehicle_comes_online(sdk: Sdk) -> None:
    """The SDK's vehicle is idle at the depot after its ONLINE and its first state."""
    require(sdk.robot.status() == "idle", f"it is {sdk.robot.status()}")
    require(sdk.robot.seen()["node"] == START, f"staff see it at {sdk.robot.seen()['node']}")


@case("6.1.2")
async def the_sdks_vehicle_takes_an_order(sdk: Sdk) -> None:
    """The SDK's vehicle accepts the gateway's order by its own rules and schemas, and the list begins."""
    shopper = await _taken(sdk)
    require(not sdk.vehicle.publisher.errors, f"it reports {sdk.vehicle.publisher.errors}")
    require(shopper.shopping_list()["status"] == "active", f"the list is {shopper.shopping_list()['status']}")


@case("6.1.2.1")
async def the_sdks_vehicle_works_an_order_off(sdk: Sdk) -> None:
    """What the SDK's executor did ends the list, short of what it did not find."""
    shopper = await _taken(sdk)
    await sdk.works(short=1)
    require(shopper.shopping_list()["status"] == "completed", f"the list is {shopper.shopping_list()['status']}")
    require(sum(picks(shopper).values()) == 2, f"picked are {picks(shopper)}")


@case("6.1.2.1")
async def the_sdks_vehicle_takes_a_second_order(sdk: Sdk) -> None:
    """After an order the SDK's vehicle gets the next, from the depot, and works it off."""
    await _taken(sdk)
    await sdk.works()
    shopper = sdk.bench.order()
    await sdk.reports(SENT_AGAIN)
    require(len({order.order_id for order in sdk.orders}) == 2, "it took no second order")
    await sdk.works()
    require(shopper.shopping_list()["status"] == "completed", f"the list is {shopper.shopping_list()['status']}")


@case("6.1.4.5")
async def the_sdks_vehicle_ignores_a_repeated_order(sdk: Sdk) -> None:
    """The gateway's repetition of an order is no new order for the SDK's vehicle, and no error."""
    await _taken(sdk)
    for got in list(sdk.robot.got):
        await sdk._down(replace(got))
    require(len(sdk.orders) == 1 and not sdk.vehicle.publisher.errors, "it took it for another")


@case("6.1.3")
async def the_sdks_vehicle_is_cancelled(sdk: Sdk) -> None:
    """The gateway's cancelOrder clears the order of the SDK's vehicle, which then gets another."""
    shopper = await _taken(sdk)
    shopper.is_cancelled_by_staff()
    await sdk.reports(SENT_AGAIN)
    require(not sdk.vehicle.publisher.node_states, "its order was not cleared")
    sdk.bench.order()
    await sdk.reports(SENT_AGAIN)
    require(len({order.order_id for order in sdk.orders}) == 2, "it got no other order")


@case("6.2.3")
async def the_sdks_vehicle_is_paused(sdk: Sdk) -> None:
    """Staff's pause and resume reach the SDK's vehicle, and staff see it paused."""
    Shopper(sdk.bench.mall).ask("PUT", f"/api/fleet/robots/{sdk.robot.id}/pause", {})
    await sdk.reports(SENT_AGAIN)
    require(sdk.vehicle.publisher.paused and sdk.robot.seen()["paused"], "it is not paused")
    Shopper(sdk.bench.mall).ask("PUT", f"/api/fleet/robots/{sdk.robot.id}/resume", {})
    await sdk.reports(SENT_AGAIN)
    require(not sdk.vehicle.publisher.paused, "it is still paused")


@case("6.6.6")
async def the_sdks_vehicle_gets_nothing_in_manual_mode(sdk: Sdk) -> None:
    """In MANUAL the SDK's vehicle gets no order."""
    sdk.vehicle.set_operating_mode(SdkOperatingMode.MANUAL)
    await sdk.reports(3)
    sdk.bench.order()
    await sdk.reports(2 * SENT_AGAIN)
    require(not sdk.orders and not sdk.robot.got, "something was sent to it")


@case("6.5")
async def the_sdks_vehicle_leaves(sdk: Sdk) -> None:
    """The SDK's vehicle that disconnects in order is offline at the depot."""
    await sdk.vehicle.disconnect()
    sdk.robot.presence(sdk.robot.connection, connected=False, in_order=True)
    sdk.bench.passes(2)
    require(sdk.robot.status() == "offline", f"it is {sdk.robot.status()}")
