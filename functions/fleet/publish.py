"""What the robots' gateway publishes: which robots may be given a list, and what they have collected."""

from events import shapes
from events.fleet import ReportCollection, RobotConnected, RobotDisconnected
from functions.fleet.domain import Robot
from functions.fleet.robot_events import BecameAvailable, BecameUnavailable, Collected
from functions.kernel.eventstore.publish import Publisher

publishes = Publisher("fleet")


@publishes(BecameAvailable)
def robot_connected(robot: Robot, event: BecameAvailable) -> RobotConnected:
    return RobotConnected(bot_id=robot.id, connected=True)


@publishes(BecameUnavailable)
def robot_disconnected(robot: Robot, event: BecameUnavailable) -> RobotDisconnected:
    return RobotDisconnected(bot_id=robot.id, connected=False, last_order=robot.sent)


@publishes(Collected)
def report_collection(robot: Robot, event: Collected) -> ReportCollection:
    return ReportCollection(
        bot_id=robot.id,
        list_id=event.list_id,
        assignment=event.assignment,
        picked=tuple(shapes.Picked(**vars(pick)) for pick in event.picked),
        done=event.done,
    )
