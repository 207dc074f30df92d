"""Faulty gateways in what they send."""

import json
from collections.abc import Callable, Iterable

from events.vda5050.topics import Kind
from tests.conformance.faulty.planting_gateways import Json, outgoing, planted
from tests.conformance.gateways.bench import Bench, Publish, altered
from tests.conformance.gateways.played import Got


def _orders(change: Callable[[Json], object]) -> Publish:
    return lambda got: [altered(got, change) if got.topic.endswith(f"/{Kind.ORDER}") else got]


def _instant(change: Callable[[Json], object]) -> Publish:
    return lambda got: [altered(got, change) if got.topic.endswith(Kind.INSTANT_ACTIONS) else got]


@outgoing("sends_orders_on_the_robots_topic", "it came on mallbots-prod/v2/")
def publishes_below_version_2() -> Publish:
    return lambda got: [Got(got.topic.replace("/v3/", "/v2/"), got.payload, got.expires, got.retain, got.at)]


@outgoing("names_the_robot_in_the_header", "the header names .*'fleet'")
def names_no_robot_in_its_headers() -> Publish:
    return _orders(lambda order: order.update(serialNumber="fleet"))


@outgoing("counts_the_header_ids_of_orders_up", r"header ids are \[1, 1,")
def sends_every_order_with_the_same_header_id() -> Publish:
    return _orders(lambda order: order.update(headerId=1))


@outgoing("sends_orders_that_fit_the_schema", "orderUpdateId: '0' is not of type 'integer'")
def writes_numbers_as_text() -> Publish:
    return _orders(lambda order: order.update(orderUpdateId=str(order["orderUpdateId"])))


@outgoing("sends_a_path", r"\d+ edges for \d+ nodes")
def leaves_an_edge_out() -> Publish:
    return _orders(lambda order: order["edges"].pop())


@outgoing("sends_a_way_that_the_floor_has", "no edge leads from west to south-4")
def drives_through_walls() -> Publish:
    return _orders(lambda order: order["nodes"][2].update(nodeId="south-4"))


@outgoing("begins_where_the_robot_is", "it begins at depot")
def begins_every_order_at_the_depot() -> Publish:
    return _orders(lambda order: order["nodes"][0].update(nodeId="depot"))


@outgoing("releases_all_of_an_order", "a part is not released")
def never_releases_the_rest() -> Publish:
    return _orders(lambda order: order["nodes"][-1].update(released=False))


@outgoing("begins_each_order_with_update_0", "an update was sent")
def counts_the_update_up_with_each_repetition() -> Publish:
    return _orders(lambda order: order.update(orderUpdateId=order["headerId"]))


@outgoing("gives_every_action_an_id_of_its_own", "two actions of an order have one id")
def numbers_actions_by_node() -> Publish:
    return _orders(lambda order: [action.update(actionId="1") for node in order["nodes"] for action in node["actions"]])


@outgoing("gives_every_action_an_id_of_its_own", "actions of two assignments have one id")
def numbers_actions_by_list() -> Publish:
    def change(order: Json) -> None:
        given, _ = order["orderId"].rsplit(".", 1)
        for node in order["nodes"]:
            for action in node["actions"]:
                action["actionId"] = action["actionId"].replace(order["orderId"], given)

    return _orders(change)


@outgoing("keeps_orders_small", r"it has 100\d{3} bytes")
def describes_its_orders_at_length() -> Publish:
    return _orders(lambda order: order.update(orderDescription="x" * (100_000 - len(json.dumps(order)))))


@outgoing("ends_at_the_depot_with_a_drop", "it does not end with drop alone")
def forgets_the_drop() -> Publish:
    return _orders(lambda order: order["nodes"][-1].update(actions=[]))


@outgoing("lets_orders_expire", "it expires after None s")
def lets_orders_wait_for_ever() -> Publish:
    return lambda got: [Got(got.topic, got.payload, None, got.retain, got.at)]


@outgoing("sends_an_order_again_until_it_is_shown", "it was not sent again")
def sends_an_order_once_and_hopes() -> Publish:
    sent: set[str] = set()

    def once(got: Got) -> Iterable[Got]:
        order = json.loads(got.payload).get("orderId")
        if order is None or order not in sent:
            sent.add(order)
            return [got]
        return []

    return once


@planted("does_not_flood_a_robot_with_its_order", r"1\d\d messages in 10 seconds")
def sends_an_order_with_every_state() -> Bench:
    latest: list[Got] = []

    def outgoing(got: Got) -> Iterable[Got]:
        latest[:] = [got]
        return latest

    def incoming(given: Json) -> Iterable[Json]:
        if given["topic"] == Kind.STATE and latest:
            bench.robots[given["robot"]].receives(*latest)
        return [given]

    bench = Bench(outgoing, incoming)
    return bench


@outgoing("lets_instant_actions_block_nothing", "it blocks something")
def blocks_everything_with_instant_actions() -> Publish:
    return _instant(lambda message: [action.update(blockingType="HARD") for action in message["actions"]])


@outgoing("sends_an_instant_action_again_until_it_is_shown", "it came under 3 ids")
def sends_each_repetition_under_a_new_id() -> Publish:
    return _instant(
        lambda message: [
            action.update(actionId=f"{action['actionId']}-{message['headerId']}") for action in message["actions"]
        ]
    )


@outgoing("sends_no_order_while_another_is_active", "no cancelOrder came")
def never_cancels_an_order() -> Publish:
    return lambda got: [] if b"cancelOrder" in got.payload else [got]


@outgoing("calls_off_an_order_that_is_shown_again_after_it_was_brought", "no cancelOrder came")
def takes_each_order_that_it_sent_as_current() -> Publish:
    sent: set[str] = set()

    def publish(got: Got) -> list[Got]:
        message = json.loads(got.payload)
        if got.topic.endswith("/order"):
            sent.add(message["orderId"])
        targets = [
            each["value"] for action in message.get("actions", []) for each in action.get("actionParameters", [])
        ]
        return [] if sent.intersection(map(str, targets)) else [got]

    return publish


@outgoing("clears_instant_actions_that_have_ended", "no clearInstantActions came")
def never_clears_instant_actions() -> Publish:
    return lambda got: [] if b"clearInstantActions" in got.payload else [got]


@outgoing("cancels_the_order_of_a_cancelled_list", "it names None")
def cancels_whatever_order_there_is() -> Publish:
    return _instant(lambda message: [action.pop("actionParameters", None) for action in message["actions"]])
