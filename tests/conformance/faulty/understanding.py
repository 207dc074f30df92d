"""Faulty gateways in what they make of what robots and the broker say."""

from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import datetime

from events.vda5050.state import OperatingMode
from events.vda5050.topics import Kind
from tests.conformance.faulty.planting_gateways import Json, incoming
from tests.conformance.gateways.bench import Body, content, with_content


def _states(change: Callable[[Json], object]) -> Body:
    """Each state as the gateway wrongly understands it; what is no JSON is left as it is."""

    def body(given: Json) -> Iterable[Json]:
        if given["topic"] == Kind.STATE and b64decode(given["payload"]).startswith(b'{"headerId":'):
            state = content(given)
            change(state)
            given = with_content(given, state)
        return [given]

    return body


@incoming("stops_sending_an_order_that_is_shown", r"\d messages came")
def does_not_look_at_the_order_id() -> Body:
    return _states(lambda state: state.update(orderId=""))


@incoming("does_not_count_a_collect_that_runs", "INITIALIZING counted")
def counts_collects_that_are_not_finished() -> Body:
    def change(state: Json) -> None:
        for action in state["actionStates"]:
            if action["actionStatus"] not in ("WAITING", "FAILED"):
                action["actionStatus"] = "FINISHED"

    return _states(change)


@incoming("counts_nothing_for_a_failed_collect", r"picked are .*: 2[,}]")
def counts_collects_that_failed() -> Body:
    def change(state: Json) -> None:
        for action in state["actionStates"]:
            if action["actionStatus"] == "FAILED":
                action["actionStatus"] = "FINISHED"

    return _states(change)


@incoming("counts_a_finished_collect", r"picked are .*: 2[,}]")
def does_not_read_results() -> Body:
    return _states(lambda state: [action.pop("actionResult", None) for action in state["actionStates"]])


@incoming("does_not_end_a_list_whose_drop_failed", "the list ended")
def ends_a_list_when_the_robot_is_at_the_depot() -> Body:
    def change(state: Json) -> None:
        if state["actionStates"] and state["actionStates"][-1]["actionStatus"] == "FAILED":
            state["actionStates"][-1]["actionStatus"] = "FINISHED"

    return _states(change)


@incoming("takes_a_late_state_of_the_same_session_for_old", "the order begins at west")
def takes_the_last_state_to_arrive_for_the_newest() -> Body:
    arrived: list[int] = []

    def change(state: Json) -> None:
        arrived.append(1)
        state["headerId"] = len(arrived)

    return _states(change)


@incoming("begins_header_ids_anew_after_a_restart", "its states do not count")
def goes_on_counting_over_a_restart() -> Body:
    highest: dict[str, int] = {}

    def body(given: Json) -> Iterable[Json]:
        if given["topic"] == Kind.STATE:
            number = content(given)["headerId"]
            if number < highest.get(given["robot"], -1):
                return []
            highest[given["robot"]] = number
        return [given]

    return body


@incoming("takes_no_state_of_an_earlier_session", "it is seen at east")
def knows_no_sessions() -> Body:
    now: list[int] = [0]

    def body(given: Json) -> Iterable[Json]:
        now[0] = max(now[0] + 1, given["received"])
        return [{**given, "received": now[0]}]

    return body


@incoming("does_not_look_at_robots_clocks", r"picked are \{'[^']*': 0, '[^']*': 0\}")
def believes_robots_clocks() -> Body:
    def body(given: Json) -> Iterable[Json]:
        if given["topic"] != Kind.STATE:
            return [given]
        stamp = datetime.fromisoformat(content(given)["timestamp"])
        return [{**given, "received": int(stamp.timestamp() * 1000)}] if stamp.year > 2020 else []

    return body


@incoming("does_not_believe_a_late_last_will", "the robot is offline")
def believes_last_wills() -> Body:
    def body(given: Json) -> Iterable[Json]:
        if given["topic"] == Kind.CONNECTION and content(given)["connectionState"] == "CONNECTION_BROKEN":
            said = {
                "clientId": given["robot"],
                "timestamp": given["received"],
                "eventType": "disconnected",
                "sessionIdentifier": "session-2",
                "versionNumber": 2,
            }
            return [given, with_content({"topic": "presence", "received": given["received"]}, said)]
        return [given]

    return body


@incoming("does_not_believe_a_late_end_of_an_earlier_connection", "the robot is offline")
def takes_every_end_for_that_of_the_current_connection() -> Body:
    current: Json = {}

    def body(given: Json) -> Iterable[Json]:
        if given["topic"] != "presence":
            return [given]
        said = content(given)
        if said["eventType"] == "connected":
            current.update(said)
            return [given]
        both = {name: current[name] for name in ("sessionIdentifier", "versionNumber")}
        return [with_content(given, {**said, **both, "timestamp": given["received"]})]

    return body


@incoming("sends_nothing_to_a_robot_that_is_not_in_its_control", "it got startPause, .*an order.* in MANUAL")
def takes_every_mode_for_automatic() -> Body:
    return _states(lambda state: state.update(operatingMode="AUTOMATIC"))


@incoming("sends_no_order_to_a_robot_with_a_fatal_error", "it got an order")
def does_not_read_errors() -> Body:
    return _states(lambda state: state.update(errors=[]))


@incoming("reads_minor_versions_that_it_does_not_know", "it was not read")
def knows_its_own_version_alone() -> Body:
    def body(given: Json) -> Iterable[Json]:
        return [given] if b'"version":"3.7' not in b64decode(given["payload"]) else []

    return body


@incoming("gives_no_list_to_a_robot_that_cannot_collect", "it got an order")
def does_not_read_factsheets() -> Body:
    return lambda given: [] if given["topic"] == Kind.FACTSHEET else [given]


def _taking_for_intervened(mode: OperatingMode) -> Body:
    """In INTERVENED a robot gets orders, and no instant actions but cancelOrder."""
    return _states(lambda state: state.update(operatingMode="INTERVENED") if state["operatingMode"] == mode else None)


@incoming("sends_nothing_to_a_robot_that_is_not_in_its_control", "it got an order.* in MANUAL")
def takes_manual_for_intervened() -> Body:
    return _taking_for_intervened(OperatingMode.MANUAL)


@incoming("sends_nothing_to_a_robot_that_is_not_in_its_control", "it got an order.* in SERVICE")
def takes_service_for_intervened() -> Body:
    return _taking_for_intervened(OperatingMode.SERVICE)


@incoming("sends_nothing_to_a_robot_that_is_not_in_its_control", "it got an order.* in TEACH_IN")
def takes_teach_in_for_intervened() -> Body:
    return _taking_for_intervened(OperatingMode.TEACH_IN)


@incoming("sends_nothing_to_a_robot_that_is_not_in_its_control", "it got an order.* in STARTUP")
def takes_startup_for_intervened() -> Body:
    return _taking_for_intervened(OperatingMode.STARTUP)


@incoming("sends_orders_in_spite_of_a_warning", "no order with an error at level URGENT")
def takes_urgent_for_fatal() -> Body:
    def change(state: Json) -> None:
        for error in state["errors"]:
            if error["errorLevel"] == "URGENT":
                error["errorLevel"] = "FATAL"

    return _states(change)


@incoming("sends_no_order_while_another_is_active", "it got an order while another was active")
def takes_a_robot_with_another_order_for_idle() -> Body:
    def change(state: Json) -> None:
        if state["orderId"].startswith("an-old-list"):
            state.update(orderId="", actionStates=[], nodeStates=[], edgeStates=[])

    return _states(change)
