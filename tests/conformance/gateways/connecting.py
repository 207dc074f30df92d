"""Cases about connections: presence, last wills, cuts and silence (sections 4.1 and 6.5)."""

from datetime import timedelta

from events.vda5050.connection import ConnectionState
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionStatus
from tests.conformance.gateways.bench import LEASE, SENT_AGAIN, Bench, collects
from tests.conformance.gateways.declared import case
from tests.conformance.gateways.ordering import ordered
from tests.conformance.gateways.progressing import picks, product, taken
from tests.conformance.kit import require
from tests.flow.shopper import Shopper


@case("6.5")
def gives_a_connected_robot_work(bench: Bench) -> None:
    """A robot that is ONLINE and reports may be given a list."""
    robot = bench.robot()
    require(robot.status() == "idle", f"the robot is {robot.status()}")
    require(robot.seen()["connection"] == "online", f"staff see it {robot.seen()['connection']}")


@case("6.5")
def gives_no_work_before_the_first_state(bench: Bench) -> None:
    """A robot that is connected and has reported nothing yet gets no list."""
    robot = bench.robot(online=False)
    robot.begins_connection()
    robot.says_connection(ConnectionState.ONLINE)
    bench.order()
    require(not robot.got and robot.status() == "offline", f"the robot is {robot.status()}")


@case("6.5")
def takes_an_idle_robot_offline_when_it_is_cut(bench: Bench) -> None:
    """An idle robot whose connection breaks is offline at once: it gets no list."""
    robot = bench.robot()
    robot.is_cut()
    require(robot.status() == "offline", f"the robot is {robot.status()}")
    require(robot.seen()["connection"] == "broken", f"staff see it {robot.seen()['connection']}")


@case("6.5")
def takes_an_idle_robot_offline_when_it_leaves(bench: Bench) -> None:
    """An idle robot that ends its connection in order is offline, and staff see the difference to a cut."""
    robot = bench.robot()
    robot.is_silent()
    robot.says_connection(ConnectionState.OFFLINE)
    robot.presence(robot.connection, connected=False, in_order=True)
    bench.passes(2)
    require(robot.status() == "offline", f"the robot is {robot.status()}")
    require(robot.seen()["connection"] == "offline", f"staff see it {robot.seen()['connection']}")


@case("6.5")
def does_not_believe_a_late_last_will(bench: Bench) -> None:
    """A last will that comes after the robot has connected again changes nothing: presence decides."""
    robot = bench.robot()
    robot.is_cut()
    robot.comes_online()
    robot.says_connection(ConnectionState.CONNECTION_BROKEN)
    bench.passes(3)
    require(robot.status() == "idle", f"the robot is {robot.status()}")


@case("6.5")
def does_not_believe_a_late_end_of_an_earlier_connection(bench: Bench) -> None:
    """The end of an earlier connection that is told after the next has begun changes nothing."""
    robot = bench.robot()
    ended = bench.mall.now
    bench.passes(2)
    robot.begins_connection()
    robot.says_connection(ConnectionState.ONLINE)
    robot.says(wait=1)
    robot.presence(1, connected=False, at=ended + timedelta(seconds=1))
    bench.passes(3)
    require(robot.status() == "idle", f"the robot is {robot.status()}")


@case("6.5")
def believes_presence_in_any_order(bench: Bench) -> None:
    """The begin of a connection that is told after its end does not bring a robot back that has gone."""
    robot = bench.robot()
    begun = bench.mall.now
    robot.is_cut()
    robot.presence(1, connected=True, at=begun)
    bench.passes(3)
    require(robot.status() == "offline", f"the robot is {robot.status()}")


@case("6.5")
def brings_a_robot_back_after_a_cut(bench: Bench) -> None:
    """A robot that connects again is idle again, and gets lists."""
    robot = bench.robot()
    robot.is_cut()
    bench.passes(30)
    robot.comes_online()
    bench.order()
    require(robot.orders(), f"the robot is {robot.status()} and got no order")


@case("4.1")
def lets_a_robot_at_work_go_on_over_a_cut(bench: Bench) -> None:
    """A robot at work whose connection breaks keeps its list for its lease; what it did meanwhile counts."""
    robot, shopper, order = taken(bench)
    robot.is_cut()
    bench.passes(LEASE - 25)
    require(shopper.shopping_list()["botId"] == robot.id, "the list was given away")
    robot.forgets()
    robot.comes_online()
    robot.has(collects(order)[0], ActionStatus.FINISHED, "1")
    require(picks(shopper)[product(order, 0)] == 1, "what it did does not count")
    require(not robot.got, "something was sent to it")


@case("mall")
def gives_a_list_to_another_when_the_lease_ends(bench: Bench) -> None:
    """A robot at work that stays away for longer than its lease loses its list to another, under a new assignment."""
    robot, shopper, _ = taken(bench)
    other = bench.robot("Bora")
    robot.is_cut()
    bench.passes(2 * LEASE + 30)
    found = shopper.shopping_list()
    require((found["botId"], found["assignment"]) == (other.id, 2), f"the list is {found['botId']}'s")
    require(other.order().order_id == f"{found['id']}.2", "the other got no order for it")


@case("mall")
def notices_a_robot_that_falls_silent(bench: Bench) -> None:
    """A robot at work that is connected and reports nothing for its lease loses its list."""
    robot, shopper, _ = taken(bench)
    other = bench.robot("Bora")
    robot.is_silent()
    bench.passes(2 * LEASE + 30)
    require(shopper.shopping_list()["botId"] == other.id, "the list is still the silent one's")


@case("6.1.3")
def calls_off_what_a_robot_still_does_for_another(bench: Bench) -> None:
    """A robot that is back after its list was given away gets cancelOrder for the old order before anything else."""
    robot, shopper, order = taken(bench)
    other = bench.robot("Bora")
    robot.is_cut()
    bench.passes(2 * LEASE + 30)
    robot.forgets()
    robot.comes_online()
    bench.passes(3)
    require(robot.got and robot.got[0].topic.endswith("instantActions"), "something else came first")
    cancel = robot.one_instant(InstantAction.CANCEL_ORDER)
    require(cancel.parameter("orderId") == order.order_id, f"it names {cancel.parameter('orderId')}")
    require(not robot.orders(), "an order came before the old one had ended")
    require(shopper.shopping_list()["botId"] == other.id, "the list is the old robot's again")


@case("6.1.3")
def calls_off_an_order_that_is_shown_again_after_it_was_brought(bench: Bench) -> None:
    """A robot that restarts from an older state, and goes on with an order that it has brought, gets cancelOrder."""
    robot, shopper, order = taken(bench)
    robot.finishes(order)
    require(shopper.shopping_list()["status"] == "completed", "the list is not completed")
    robot.forgets()
    robot.comes_online()
    robot.takes(order)
    bench.passes(SENT_AGAIN)
    cancel = robot.one_instant(InstantAction.CANCEL_ORDER)
    require(cancel.parameter("orderId") == order.order_id, f"it names {cancel.parameter('orderId')}")
    robot.cancels(cancel)
    bench.order()
    require(robot.order().order_id != order.order_id, "it got no other order when it was idle")


@case("mall")
def counts_nothing_of_an_outdated_order(bench: Bench) -> None:
    """What a robot did under an assignment that was given away counts for nothing: no list is collected twice."""
    robot, shopper, order = taken(bench)
    other = bench.robot("Bora")
    robot.is_cut()
    bench.passes(2 * LEASE + 30)
    robot.comes_online()
    robot.finishes(order)
    found = shopper.shopping_list()
    require(found["status"] in ("assigned", "active") and found["botId"] == other.id, f"the list is {found['status']}")
    other.takes(other.order())
    other.finishes(other.order())
    require(shopper.shopping_list()["status"] == "completed", "the second robot's work does not count")


@case("mall")
def sends_a_retired_robot_nothing_more(bench: Bench) -> None:
    """A robot that was retired gets nothing but the end of its order, and is not seen any more."""
    robot = bench.robot()
    Shopper(bench.mall).ask("DELETE", f"/api/depot/bots/{robot.id}")
    bench.passes(2)
    robot.forgets()
    bench.order()
    robot.says(wait=20)
    require(not robot.got, "something was sent to it")
    require(bench.mall.request("GET", f"/api/fleet/robots/{robot.id}").status == 404, "it is still seen")


@case("6.1.3")
def sends_no_order_that_was_called_off_meanwhile(bench: Bench) -> None:
    """An order that was cancelled before the robot took it is not sent any more."""
    robot, shopper, _ = ordered(bench)
    shopper.is_cancelled_by_staff()
    robot.forgets()
    bench.passes(30)
    require(not robot.orders(), "the order was sent again")
