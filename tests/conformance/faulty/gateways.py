"""Faulty gateways: our own with one fault each, which the case that is named must find."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from events.vda5050.topics import Kind
from tests.conformance.faulty.faults import Fault
from tests.conformance.gateways.bench import Bench, Body, Publish, altered, content, with_content
from tests.conformance.gateways.cases import GATEWAY_CASES
from tests.conformance.gateways.played import Got

GATEWAY_FAULTS: list[Fault] = []
Json = dict[str, Any]


def outgoing(found_by: str) -> Callable[[Callable[[], Publish]], object]:
    """Declare a gateway whose messages to robots are altered; its fault is the name of the function."""
    return lambda make: _declare(make, found_by, lambda: Bench(outgoing=make()))


def incoming(found_by: str) -> Callable[[Callable[[], Body]], object]:
    """Declare a gateway that understands what robots say in another way."""
    return lambda make: _declare(make, found_by, lambda: Bench(incoming=make()))


def _declare(make: Callable[[], object], found_by: str, bench: Callable[[], Bench]) -> object:
    assert found_by in GATEWAY_CASES.known, found_by
    GATEWAY_FAULTS.append(Fault(make.__name__.replace("_", " "), found_by, bench))
    return make


def _orders(change: Callable[[Json], object]) -> Publish:
    return lambda got: [altered(got, change) if got.topic.endswith(f"/{Kind.ORDER}") else got]


def _instant(change: Callable[[Json], object]) -> Publish:
    return lambda got: [altered(got, change) if got.topic.endswith(Kind.INSTANT_ACTIONS) else got]


def _states(change: Callable[[Json], object]) -> Body:
    """Each state as the gateway wrongly understands it; what is no JSON is left as it is."""

    def body(given: Json) -> Iterable[Json]:
        if given["topic"] == Kind.STATE and b64decode(given["payload"]).startswith(b'{"headerId":'):
            state = content(given)
            change(state)
            given = with_content(given, state)
        return [given]

    return body


@outgoing("sends_orders_on_the_robots_topic")
def publishes_below_version_2() -> Publish:
    return lambda got: [Got(got.topic.replace("/v3/", "/v2/"), got.payload, got.expires, got.retain, got.at)]


@outgoing("names_the_robot_in_the_header")
def names_no_robot_in_its_headers() -> Publish:
    return _orders(lambda order: order.update(serialNumber="fleet"))


@outgoing("counts_the_header_ids_of_orders_up")
def sends_every_order_with_the_same_header_id() -> Publish:
    return _orders(lambda order: order.update(headerId=1))


@outgoing("sends_orders_that_fit_the_schema")
def writes_numbers_as_text() -> Publish:
    return _orders(lambda order: order.update(orderUpdateId=str(order["orderUpdateId"])))


@outgoing("sends_a_path")
def leaves_an_edge_out() -> Publish:
    return _orders(lambda order: order["edges"].pop())


@outgoing("sends_a_way_that_the_floor_has")
def drives_through_walls() -> Publish:
    return _orders(lambda order: order["nodes"][2].update(nodeId="south-4"))


@outgoing("begins_where_the_robot_is")
def begins_every_order_at_the_depot() -> Publish:
    return _orders(lambda order: order["nodes"][0].update(nodeId="depot"))


@outgoing("releases_all_of_an_order")
def never_releases_the_rest() -> Publish:
    return _orders(lambda order: order["nodes"][-1].update(released=False))


@outgoing("begins_each_order_with_update_0")
def counts_the_update_up_with_each_repetition() -> Publish:
    return _orders(lambda order: order.update(orderUpdateId=order["headerId"]))


@outgoing("gives_every_action_an_id_of_its_own")
def numbers_actions_by_node() -> Publish:
    return _orders(lambda order: [action.update(actionId="1") for node in order["nodes"] for action in node["actions"]])


@outgoing("ends_at_the_depot_with_a_drop")
def forgets_the_drop() -> Publish:
    return _orders(lambda order: order["nodes"][-1].update(actions=[]))


@outgoing("lets_orders_expire")
def lets_orders_wait_for_ever() -> Publish:
    return lambda got: [Got(got.topic, got.payload, None, got.retain, got.at)]


@outgoing("sends_an_order_again_until_it_is_shown")
def sends_an_order_once_and_hopes() -> Publish:
    sent: set[str] = set()

    def once(got: Got) -> Iterable[Got]:
        order = json.loads(got.payload).get("orderId")
        if order is None or order not in sent:
            sent.add(order)
            return [got]
        return []

    return once


@outgoing("does_not_flood_a_robot_with_its_order")
def sends_an_order_with_every_state() -> Publish:
    return lambda got: [got] * 5


@outgoing("lets_instant_actions_block_nothing")
def blocks_everything_with_instant_actions() -> Publish:
    return _instant(lambda message: [action.update(blockingType="HARD") for action in message["actions"]])


@outgoing("sends_an_instant_action_again_until_it_is_shown")
def sends_each_repetition_under_a_new_id() -> Publish:
    return _instant(
        lambda message: [
            action.update(actionId=f"{action['actionId']}-{message['headerId']}") for action in message["actions"]
        ]
    )


@outgoing("sends_no_order_while_another_is_active")
def never_cancels_an_order() -> Publish:
    return lambda got: [] if b"cancelOrder" in got.payload else [got]


@outgoing("cancels_the_order_of_a_cancelled_list")
def cancels_whatever_order_there_is() -> Publish:
    return _instant(lambda message: [action.pop("actionParameters", None) for action in message["actions"]])


@incoming("stops_sending_an_order_that_is_shown")
def does_not_look_at_the_order_id() -> Body:
    return _states(lambda state: state.update(orderId=""))


@incoming("does_not_count_a_collect_that_runs")
def counts_collects_that_are_not_finished() -> Body:
    def change(state: Json) -> None:
        for action in state["actionStates"]:
            if action["actionStatus"] not in ("WAITING", "FAILED"):
                action["actionStatus"] = "FINISHED"

    return _states(change)


@incoming("counts_nothing_for_a_failed_collect")
def counts_collects_that_failed() -> Body:
    def change(state: Json) -> None:
        for action in state["actionStates"]:
            if action["actionStatus"] == "FAILED":
                action["actionStatus"] = "FINISHED"

    return _states(change)


@incoming("counts_a_finished_collect")
def does_not_read_results() -> Body:
    return _states(lambda state: [action.pop("actionResult", None) for action in state["actionStates"]])


@incoming("does_not_end_a_list_whose_drop_failed")
def ends_a_list_when_the_robot_is_at_the_depot() -> Body:
    def change(state: Json) -> None:
        if state["actionStates"] and state["actionStates"][-1]["actionStatus"] == "FAILED":
            state["actionStates"][-1]["actionStatus"] = "FINISHED"

    return _states(change)


@incoming("takes_a_late_state_of_the_same_session_for_old")
def takes_the_last_state_to_arrive_for_the_newest() -> Body:
    arrived: list[int] = []

    def change(state: Json) -> None:
        arrived.append(1)
        state["headerId"] = len(arrived)

    return _states(change)


@incoming("begins_header_ids_anew_after_a_restart")
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


@incoming("takes_no_state_of_an_earlier_session")
def knows_no_sessions() -> Body:
    now: list[int] = [0]

    def body(given: Json) -> Iterable[Json]:
        now[0] = max(now[0] + 1, given["received"])
        return [{**given, "received": now[0]}]

    return body


@incoming("does_not_look_at_robots_clocks")
def believes_robots_clocks() -> Body:
    def body(given: Json) -> Iterable[Json]:
        if given["topic"] != Kind.STATE:
            return [given]
        stamp = datetime.fromisoformat(content(given)["timestamp"])
        return [{**given, "received": int(stamp.timestamp() * 1000)}] if stamp.year > 2020 else []

    return body


@incoming("does_not_believe_a_late_last_will")
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


@incoming("does_not_believe_a_late_end_of_an_earlier_connection")
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


@incoming("sends_nothing_to_a_robot_that_is_not_in_its_control")
def takes_every_mode_for_automatic() -> Body:
    return _states(lambda state: state.update(operatingMode="AUTOMATIC"))


@incoming("sends_no_order_to_a_robot_with_a_fatal_error")
def does_not_read_errors() -> Body:
    return _states(lambda state: state.update(errors=[]))


@incoming("reads_minor_versions_that_it_does_not_know")
def knows_its_own_version_alone() -> Body:
    def body(given: Json) -> Iterable[Json]:
        return [given] if b'"version":"3.7' not in b64decode(given["payload"]) else []

    return body


@incoming("gives_no_list_to_a_robot_that_cannot_collect")
def does_not_read_factsheets() -> Body:
    return lambda given: [] if given["topic"] == Kind.FACTSHEET else [given]
