"""The master control of vda5050-sdk, an implementation of version 2.1.0 by others, towards our robot."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from vda5050.client.events import ErrorEvent, VehicleErrorEvent
from vda5050.client.master import MasterClient
from vda5050.config import MasterConfig
from vda5050.domain.order.monitor import ProgressIssue
from vda5050.model.common import Action as SdkAction
from vda5050.model.enums import ActionStatus
from vda5050.model.enums import BlockingType as SdkBlockingType
from vda5050.model.order import Edge as SdkEdge
from vda5050.model.order import Node as SdkNode
from vda5050.model.order import Order as SdkOrder
from vda5050.model.state import State as SdkState
from vda5050.testing.memory_transport import MemoryBroker, MemoryTransport
from vda5050.topics import build_topic

from events.vda5050.order import Order
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from tests.conformance.gateway import PlayedGateway, Stop
from tests.conformance.kit import Cases, FailedError, require
from tests.conformance.links import MachineLink
from tests.conformance.sdk.translator import Translator

ROBOT = "mallbots/robot-1"


class Sdk:
    """The SDK's master on a broker of its own, and our robot on the other side of a translator."""

    def __init__(self) -> None:
        self.link = MachineLink()
        self.translator = Translator()
        self.orders = PlayedGateway(self.link)
        self.broker = MemoryBroker()
        self.bridge = MemoryTransport(self.broker)
        self.master = MasterClient(
            MasterConfig(validate_messages=True, visualization=True), transport=MemoryTransport(self.broker)
        )
        self.rejected: list[ErrorEvent] = []
        self.issues: list[ProgressIssue] = []
        self.errors: list[VehicleErrorEvent] = []
        self.states: list[SdkState] = []
        self.master.on_error(self.rejected.append)
        self.master.on_progress_issue(lambda issue, key: self.issues.append(issue))
        self.master.on_vehicle_error(lambda event, key: self.errors.append(event))
        self.master.on_state(lambda state, key: self.states.append(state))

    async def begin(self) -> None:
        """Connect the master, and bring to it what the robot has sent so far."""
        await self.master.connect()
        for kind in (Kind.ORDER, Kind.INSTANT_ACTIONS):
            await self.bridge.subscribe(build_topic("mallbots", "robot-1", kind), self._down)
        await self.carry(1)

    async def _down(self, topic: str, payload: bytes) -> None:
        kind = Kind(topic.rpartition("/")[2])
        self.link.send(kind, json.dumps(self.translator.to_3(json.loads(payload))).encode())

    async def carry(self, seconds: float) -> None:
        """Let time pass and carry what the robot sends to the master."""
        end = self.link.now() + seconds
        while self.link.now() < end:
            for arrived in self.link.wait(end - self.link.now()):
                older = self.translator.to_2(json.loads(arrived.payload))
                topic = build_topic("mallbots", "robot-1", arrived.kind)
                await self.bridge.publish(topic, json.dumps(older).encode(), retain=arrived.retain)

    async def until(self, condition: Callable[[SdkState], object], what: str, within: float = 400) -> SdkState:
        """The first state at the master that meets a condition."""
        end = self.link.now() + within
        while True:
            session = await self.master.session(ROBOT)
            if session.state and condition(session.state):
                state: SdkState = session.state
                return state
            if self.link.now() >= end:
                raise FailedError(f"{what}: not at the master within {within:g} s")
            await self.carry(1)

    def order(self, order: Order) -> SdkOrder:
        """An order of ours as the SDK has it."""
        return SdkOrder.model_validate(self.translator.to_2(json.loads(to_bytes(order))))


MASTER_CASES: Cases[Sdk] = Cases("robot, with the SDK's master", {})


def case(section: str) -> Callable[[Callable[[Sdk], Coroutine[Any, Any, None]]], object]:
    """Declare a case that runs in an event loop of its own."""

    def declare(attempt: Callable[[Sdk], Coroutine[Any, Any, None]]) -> object:
        async def whole(sdk: Sdk) -> None:
            await sdk.begin()
            await attempt(sdk)
            require(not sdk.rejected, f"the master refused messages: {[str(each.error) for each in sdk.rejected][:2]}")

        def run() -> Callable[[Sdk], None]:
            return lambda sdk: asyncio.run(whole(sdk))

        wrapped = run()
        wrapped.__name__, wrapped.__doc__ = attempt.__name__, attempt.__doc__
        return MASTER_CASES(section)(wrapped)

    return declare


def _ended(state: SdkState, order: SdkOrder) -> bool:
    final = {ActionStatus.FINISHED, ActionStatus.FAILED}
    over = all(each.action_status in final for each in state.action_states)
    return state.order_id == order.order_id and not state.node_states and over


async def _under_way(sdk: Sdk) -> SdkOrder:
    order = sdk.order(sdk.orders.trip(Stop(sdk.states[-1].last_node_id)))
    result = await sdk.master.dispatch(order, ROBOT)
    require(result.accepted, f"the master does not send the order: {result.detail}")
    await sdk.until(lambda state: state.driving, "driving")
    return order


@case("6.5")
async def the_sdks_master_sees_it_online(sdk: Sdk) -> None:
    """The SDK's master takes the robot for connected, reads its factsheet and its state."""
    session = await sdk.master.session(ROBOT)
    require(session.connected and session.state, "the robot is not online there")
    require(sdk.master.metrics.factsheets_received, "it has no factsheet")


@case("6.1.2")
async def it_works_off_an_order_of_the_sdks_master(sdk: Sdk) -> None:
    """An order that the SDK's master validates and sends is worked off, without an issue in its progress monitor."""
    order = await _under_way(sdk)
    state = await sdk.until(lambda state: _ended(state, order), "the end of the order")
    require({each.action_status for each in state.action_states} == {ActionStatus.FINISHED}, "actions failed")
    require([each.result_description for each in state.action_states][:3] == ["2", "1", "3"], "results are missing")
    wrong = {issue.kind.value for issue in sdk.issues} - {"ORDER_COMPLETE"}
    require(not wrong, f"its progress monitor reports {wrong}")


@case("6.1.2")
async def it_takes_a_second_order_of_the_sdks_master(sdk: Sdk) -> None:
    """After an order the master's rules for acceptance allow the next, and the robot takes it."""
    first = await _under_way(sdk)
    await sdk.until(lambda state: _ended(state, first), "the end of the first order")
    second = await _under_way(sdk)
    await sdk.until(lambda state: _ended(state, second), "the end of the second order")


@case("6.1.2")
async def it_takes_an_update_of_the_sdks_master(sdk: Sdk) -> None:
    """A base that the SDK's master extends, stitched by its own code, is driven to its end."""
    order = sdk.order(sdk.orders.order(Stop("south-west"), start=Stop("parking-1")))
    require((await sdk.master.dispatch(order, ROBOT)).accepted, "the master does not send the order")
    await sdk.until(lambda state: state.driving, "driving")
    last = order.nodes[-1]
    node = SdkNode(node_id="south", sequence_id=last.sequence_id + 2, released=True, actions=[])
    edge = SdkEdge(
        edge_id="south-west:south",
        sequence_id=last.sequence_id + 1,
        released=True,
        start_node_id="south-west",
        end_node_id="south",
        actions=[],
    )
    result = await sdk.master.extend_base(ROBOT, [node], [edge])
    require(result.accepted, f"the master does not send the update: {result.detail}")
    state = await sdk.until(lambda state: state.last_node_id == "south", "the new end of the base")
    require(state.order_update_id == 1, "the update is not echoed")


@case("6.1.3")
async def it_is_cancelled_by_the_sdks_master(sdk: Sdk) -> None:
    """cancelOrder of the SDK's master is FINISHED, and the robot is idle."""
    order = await _under_way(sdk)
    await sdk.master.cancel_order(ROBOT, action_id="cancel-1")
    state = await sdk.until(lambda state: _ended(state, order), "idle")
    ended = {each.action_id: each.action_status for each in state.action_states}
    require(ended["cancel-1"] is ActionStatus.FINISHED, f"cancelOrder is {ended['cancel-1']}")


@case("6.1.3.2")
async def it_tells_the_sdks_master_that_there_is_nothing_to_cancel(sdk: Sdk) -> None:
    """cancelOrder while idle reaches the SDK's master as noOrderToCancel with the action's id."""
    await sdk.master.cancel_order(ROBOT, action_id="cancel-1")
    await sdk.until(lambda state: state.errors, "an error")
    require(
        [(e.error.error_type, e.action_id) for e in sdk.errors] == [("noOrderToCancel", "cancel-1")], "another error"
    )


@case("6.1.4.6")
async def it_refuses_an_order_of_the_sdks_master_while_busy(sdk: Sdk) -> None:
    """An order past the master's own check is refused as orderError, which the SDK counts as a rejection."""
    await _under_way(sdk)
    other = sdk.order(sdk.orders.order(Stop("north-1"), start=Stop("depot")))
    await sdk.master._publish_order((await sdk.master.session(ROBOT)).key, other)
    await sdk.until(lambda state: state.errors, "an error")
    require(sdk.errors[0].is_order_rejection and sdk.errors[0].order_id == other.order_id, f"it is {sdk.errors[0]}")


@case("6.2.3")
async def it_is_paused_by_the_sdks_master(sdk: Sdk) -> None:
    """Pause and resume of the SDK's master stop the robot and let it go on."""
    order = await _under_way(sdk)
    await sdk.master.pause(ROBOT)
    await sdk.until(lambda state: state.paused and not state.driving, "paused")
    await sdk.master.resume(ROBOT)
    await sdk.until(lambda state: _ended(state, order), "the end of the order")


@case("6.2.3")
async def it_answers_requests_of_the_sdks_master(sdk: Sdk) -> None:
    """stateRequest and factsheetRequest of the SDK's master are answered and FINISHED."""
    before = sdk.master.metrics.factsheets_received
    await sdk.master.request_state(ROBOT)
    await sdk.master.request_factsheet(ROBOT)
    await sdk.until(lambda state: len(state.action_states) == 2, "both actions")
    require({each.action_status for each in sdk.states[-1].action_states} == {ActionStatus.FINISHED}, "not FINISHED")
    require(sdk.master.metrics.factsheets_received == before + 1, "there was no factsheet")


@case("6.2.1")
async def it_refuses_an_unknown_instant_action_of_the_sdks_master(sdk: Sdk) -> None:
    """An instant action that the robot does not know ends FAILED for the SDK's master, which waits for that."""
    action = SdkAction(action_type="startCharging", action_id="charge-1", blocking_type=SdkBlockingType.NONE)
    await sdk.master.send_instant_action(ROBOT, [action])
    state = await sdk.until(lambda state: state.errors, "an error")
    require({each.action_status for each in state.action_states} == {ActionStatus.FAILED}, "it is not FAILED")


@case("6.5")
async def the_sdks_master_sees_a_cut(sdk: Sdk) -> None:
    """The robot's last will tells the SDK's master that the connection is broken, ONLINE that it is back."""
    sdk.link.cut()
    await sdk.carry(1)
    require(not (await sdk.master.session(ROBOT)).connected, "the robot counts as connected")
    sdk.link.restore()
    await sdk.carry(1)
    require((await sdk.master.session(ROBOT)).connected, "the robot does not count as connected")
