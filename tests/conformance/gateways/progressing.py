"""Cases about what the gateway makes of states: progress, sessions, what it must not believe (sections 6.6, 7.2)."""

from datetime import timedelta

from events.vda5050.connection import ConnectionState
from events.vda5050.order import Order
from events.vda5050.state import ActionStatus, InfoLevel, Information
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from tests.conformance.gateways.bench import Bench, collects
from tests.conformance.gateways.declared import case
from tests.conformance.gateways.ordering import ordered
from tests.conformance.gateways.played import PlayedRobot
from tests.conformance.kit import require
from tests.flow.shopper import Shopper

FINISHED, FAILED, RUNNING = ActionStatus.FINISHED, ActionStatus.FAILED, ActionStatus.RUNNING


def taken(bench: Bench) -> tuple[PlayedRobot, Shopper, Order]:
    """A robot that has taken its order."""
    robot, shopper, order = ordered(bench)
    robot.takes(order)
    return robot, shopper, order


def picks(shopper: Shopper) -> dict[str, int]:
    """What was picked of the list, by product."""
    return {item["productId"]: item["picked"] for stop in shopper.shopping_list()["stops"] for item in stop["items"]}


def quantity(order: Order, place: int) -> int:
    """How many a collect action is for."""
    wanted = collects(order)[place].parameter("quantity")
    assert isinstance(wanted, int)
    return wanted


def product(order: Order, place: int) -> str:
    """The product of a collect action."""
    return str(collects(order)[place].parameter("productId"))


@case("6.6.9")
def begins_a_list_when_its_order_is_shown(bench: Bench) -> None:
    """The first state with the order id begins the list at the depot."""
    _, shopper, _ = taken(bench)
    require(shopper.shopping_list()["status"] == "active", f"the list is {shopper.shopping_list()['status']}")


@case("6.6.9")
def counts_a_finished_collect(bench: Bench) -> None:
    """A FINISHED collect action counts with its result."""
    robot, shopper, order = taken(bench)
    robot.has(collects(order)[0], FINISHED, "1")
    require(picks(shopper)[product(order, 0)] == 1, f"picked are {picks(shopper)}")


@case("6.6.9")
def counts_nothing_for_a_failed_collect(bench: Bench) -> None:
    """A FAILED collect action counts as none, and the list goes on."""
    robot, shopper, order = taken(bench)
    robot.has(collects(order)[0], FAILED)
    require(set(picks(shopper).values()) == {0}, f"picked are {picks(shopper)}")
    robot.finishes(order, short=quantity(order, 0))
    require(shopper.shopping_list()["status"] == "completed", "the list did not end")


@case("6.6.9")
def does_not_count_a_collect_that_runs(bench: Bench) -> None:
    """What is not FINISHED or FAILED does not count, whatever its result says."""
    robot, shopper, order = taken(bench)
    for status in (ActionStatus.INITIALIZING, RUNNING, ActionStatus.PAUSED, ActionStatus.RETRIABLE):
        robot.has(collects(order)[0], status, "1")
        require(set(picks(shopper).values()) == {0}, f"{status} counted")


@case("mall")
def counts_a_collect_without_a_result_as_complete(bench: Bench) -> None:
    """The standard lets a result be left out: a FINISHED collect without one has taken all that was asked for."""
    robot, shopper, order = taken(bench)
    robot.has(collects(order)[0], FINISHED)
    require(picks(shopper)[product(order, 0)] == quantity(order, 0), f"picked are {picks(shopper)}")


@case("mall")
def takes_no_more_than_was_asked_for(bench: Bench) -> None:
    """A result that is more than the quantity counts as the quantity."""
    robot, shopper, order = taken(bench)
    robot.has(collects(order)[0], FINISHED, "999")
    require(picks(shopper)[product(order, 0)] == quantity(order, 0), f"picked are {picks(shopper)}")


@case("6.6.9")
def ends_a_list_when_all_is_dropped(bench: Bench) -> None:
    """drop FINISHED ends the list; what was not collected is short."""
    robot, shopper, order = taken(bench)
    robot.finishes(order, short=1)
    require(shopper.shopping_list()["status"] == "completed", f"the list is {shopper.shopping_list()['status']}")
    require(picks(shopper)[product(order, 0)] == quantity(order, 0) - 1, f"picked are {picks(shopper)}")
    require(robot.status() == "idle", f"the robot is {robot.status()}")


@case("6.6.9")
def does_not_end_a_list_before_the_drop(bench: Bench) -> None:
    """All collects FINISHED do not end a list: the goods are not at the depot."""
    robot, shopper, order = taken(bench)
    for action in collects(order):
        robot.has(action, FINISHED, "1")
    bench.passes(30)
    require(shopper.shopping_list()["status"] == "active", f"the list is {shopper.shopping_list()['status']}")


@case("6.6.9")
def does_not_end_a_list_whose_drop_failed(bench: Bench) -> None:
    """drop FAILED hands nothing over: the list does not end by it."""
    robot, shopper, order = taken(bench)
    robot.has(order.actions()[-1], FAILED)
    require(shopper.shopping_list()["status"] != "completed", "the list ended")


@case("4.1")
def takes_states_twice_without_harm(bench: Bench) -> None:
    """A state that comes twice, as QoS 1 allows, counts once."""
    robot, shopper, order = taken(bench)
    robot.has(collects(order)[0], FINISHED, "1")
    for _ in range(3):
        robot.sends(Kind.STATE, robot.shows)
    bench.passes(2)
    require(picks(shopper)[product(order, 0)] == 1, f"picked are {picks(shopper)}")


@case("7.2")
def takes_the_newest_state(bench: Bench) -> None:
    """States that come late, in any order, take nothing back: the header id tells which is newer."""
    robot, shopper, order = taken(bench)
    early = robot.shows
    robot.has(collects(order)[0], FINISHED, "2")
    late = robot.has(collects(order)[1], FINISHED, "1")
    for state in (early, late, early):
        robot.sends(Kind.STATE, state)
        bench.passes(1)
    require(picks(shopper) == {product(order, 0): 2, product(order, 1): 1}, f"picked are {picks(shopper)}")


@case("7.2")
def begins_header_ids_anew_after_a_restart(bench: Bench) -> None:
    """A robot that was restarted begins at header id 0: its states count from ONLINE on."""
    robot, shopper, order = taken(bench)
    for _ in range(30):
        robot.says(wait=0.5)
    robot.is_cut()
    bench.passes(5)
    robot.comes_online()
    require(robot.shows.header_id < 5, "the kit is wrong")
    robot.has(collects(order)[0], FINISHED, "1")
    require(picks(shopper)[product(order, 0)] == 1, "its states do not count")


@case("7.2")
def takes_no_state_of_an_earlier_session(bench: Bench) -> None:
    """A state that the broker received before ONLINE, and that is delivered after it, does not count."""
    robot = bench.robot()
    before = bench.mall.now
    old = robot.says(last_node_id="east", wait=1)
    robot.is_cut()
    bench.passes(5)
    robot.shows = robot.shows.model_copy(update={"last_node_id": "west"})
    robot.comes_online()
    robot.sends(Kind.STATE, old.model_copy(update={"header_id": 9000}), received=before)
    bench.passes(2)
    require(robot.seen()["node"] == "west", f"it is seen at {robot.seen()['node']}")


@case("7.2")
def does_not_look_at_robots_clocks(bench: Bench) -> None:
    """A robot whose clock is years off, or goes back, works like any other."""
    robot, shopper, order = taken(bench)
    for stamp, place in (("2001-01-01T00:00:00.000Z", 0), ("1999-01-01T00:00:00.000Z", 1)):
        robot.clock = stamp
        robot.has(collects(order)[place], FINISHED, "1")
    require(picks(shopper) == {product(order, 0): 1, product(order, 1): 1}, f"picked are {picks(shopper)}")


@case("7.1.4")
def puts_malformed_states_aside(bench: Bench) -> None:
    """What is no state is put aside with a reason, and harms neither this robot nor others."""
    robot, shopper, order = taken(bench)
    for payload in (
        b"",
        b"{",
        b"\xff",
        b'{"headerId": "1"}',
        to_bytes(robot.shows).replace(b'"driving":', b'"drives":'),
    ):
        robot.sends_text(Kind.STATE, payload)
    bench.passes(2)
    aside = bench.mall.dead_letters().get("fleet", [])
    require(len(aside) == 5, f"{len(aside)} messages were put aside")
    robot.has(collects(order)[0], FINISHED, "1")
    require(picks(shopper)[product(order, 0)] == 1, "later states do not count")


@case("1")
def reads_minor_versions_that_it_does_not_know(bench: Bench) -> None:
    """A state of version 3.7.2 with fields of its own is read: minor versions add what may be ignored."""
    robot, shopper, order = taken(bench)
    robot.is_silent()
    state = robot.has(collects(order)[0], RUNNING).model_copy(update=robot.header(Kind.STATE))
    text = to_bytes(state).replace(b'"version":"3.0.0"', b'"version":"3.7.2","novelty":{"a":[]}')
    text = text.replace(b'"actionStatus":"RUNNING"', b'"actionStatus":"FINISHED","actionResult":"1","novelty":1')
    robot.sends_text(Kind.STATE, text)
    bench.passes(2)
    require(picks(shopper)[product(order, 0)] == 1, "it was not read")


@case("1")
def refuses_another_major_version(bench: Bench) -> None:
    """A state of version 2.1.0 is put aside: its fields mean something else."""
    robot = bench.robot()
    robot.sends_text(Kind.STATE, to_bytes(robot.says()).replace(b'"version":"3.0.0"', b'"version":"2.1.0"'))
    bench.passes(2)
    require(len(bench.mall.dead_letters().get("fleet", [])) == 1, "it was not put aside")


@case("6.6.4")
def takes_information_for_nothing(bench: Bench) -> None:
    """The information array decides nothing."""
    robot, shopper, _ = taken(bench)
    robot.forgets()
    told = Information(info_type="orderFinished", info_level=InfoLevel.INFO)
    robot.says(information=(told,), wait=20)
    require(not robot.got and shopper.shopping_list()["status"] == "active", "it had an effect")


@case("6.6")
def shows_staff_where_a_robot_is(bench: Bench) -> None:
    """Node, pause, mode, battery and order of a robot's latest state are shown to staff."""
    robot, shopper, _ = taken(bench)
    power = robot.shows.power_supply.model_copy(update={"state_of_charge": 41.0})
    robot.says(last_node_id="centre", paused=True, power_supply=power, wait=2)
    seen = robot.seen()
    found = (seen["node"], seen["paused"], seen["operatingMode"], seen["battery"], seen["order"])
    wanted = ("centre", True, "AUTOMATIC", 41, {"listId": shopper.basket_id, "assignment": 1})
    require(found == wanted, f"staff see {found}")


@case("7.8")
def lets_actions_of_an_earlier_order_be(bench: Bench) -> None:
    """States of an order that is not the robot's list count nowhere."""
    robot, first_shopper, first = taken(bench)
    robot.finishes(first)
    last = robot.shows
    shopper = bench.order()
    second = robot.order()
    robot.says(**{name: getattr(last, name) for name in ("order_id", "action_states")}, wait=2)
    require(shopper.shopping_list()["status"] == "assigned", "the second list began")
    robot.takes(second)
    require(set(picks(shopper).values()) == {0}, f"picked are {picks(shopper)}")
    require(first_shopper.shopping_list()["status"] == "completed", "the first list changed")


@case("6.5")
def knows_a_robot_that_only_reports(bench: Bench) -> None:
    """A state over a connection whose begin was not told yet is believed: what is said is there."""
    robot = bench.robot(online=False)
    robot.says_connection(ConnectionState.ONLINE)
    robot.sends(Kind.FACTSHEET, robot.sheet())
    robot.says(wait=3)
    require(robot.status() == "idle", f"the robot is {robot.status()}")


@case("7.2")
def takes_a_late_state_of_the_same_session_for_old(bench: Bench) -> None:
    """Of two states of a session the one with the higher header id is the newer, whenever they were received."""
    robot = bench.robot()
    old = robot.says(last_node_id="west", wait=1)
    robot.says(last_node_id="east", wait=1)
    robot.is_silent()
    robot.sends(Kind.STATE, old, received=bench.mall.now + timedelta(seconds=1))
    bench.order()
    require(robot.order().nodes[0].node_id == "east", f"the order begins at {robot.order().nodes[0].node_id}")
