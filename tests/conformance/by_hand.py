"""The cases that need a hand at the robot or its connection, or a look at its will: what to do, and what must come."""

from typing import NamedTuple


class ByHand(NamedTuple):
    """What to do with an order of collects at stores and a drop at the depot, and what the robot must report then."""

    steps: str
    expected: str


STUCK = (
    "Give it an order whose collect has `retriable` true, and keep the gripper from the goods until it is RETRIABLE."
)

BY_HAND = {
    "leaves_a_last_will": ByHand(
        "Cut the network of an idle robot, and read its connection topic for twice its keep-alive.",
        "CONNECTION_BROKEN comes there, retained: a new subscription is given it too.",
    ),
    "says_goodbye": ByHand(
        "Switch an idle robot off in order.",
        "OFFLINE comes on the connection topic within 30 s.",
    ),
    "counts_the_header_ids_of_its_connection_up": ByHand(
        "Have the robot end its connection in order and connect again, without a restart; read the connection topic.",
        "OFFLINE has the header id of the first ONLINE plus 1; the second ONLINE that of OFFLINE plus 1, or plus 2.",
    ),
    "is_online_again_after_a_cut": ByHand(
        "Cut the network of an idle robot, wait for CONNECTION_BROKEN, and restore it.",
        "ONLINE comes within 30 s, and a state after it.",
    ),
    "goes_on_while_cut_off": ByHand(
        "Send an order, cut its network as soon as it drives, and restore it after 20 s.",
        "The robot drove on. Its states show the same order and a later last node, and it works the order off.",
    ),
    "keeps_its_order_over_a_restart": ByHand(
        "Send an order with two collects, and switch the robot off and on when the first one is FINISHED.",
        "The first state after it shows the same order, and the first collect FINISHED with its result. The robot does "
        "not repeat that one, and works the order off.",
    ),
    "hands_nothing_over_while_cut_off": ByHand(
        "Send an order with a drop, cut its network as soon as it drives, and restore it after 5 minutes.",
        "Nothing was put down at the depot: the first state shows the drop neither FINISHED nor FAILED. Without a "
        "cancelOrder it drops then, and the order ends.",
    ),
    "refuses_orders_in_manual_mode": ByHand(
        "Switch an idle robot to MANUAL, and send an order.",
        "MANUAL is reported within 5 s. The order is not taken: MOBILE_ROBOT_NOT_AVAILABLE is told at level WARNING "
        "with its orderId, which is gone when the robot is AUTOMATIC again.",
    ),
    "gives_its_order_up_in_manual_mode": ByHand(
        "Send an order, and switch the robot to MANUAL while it drives to the first store.",
        "The state that shows MANUAL has no nodes and edges to go, all actions FAILED, and the order's id still.",
    ),
    "keeps_its_order_in_intervened_mode": ByHand(
        "Send an order, switch the robot to INTERVENED while it drives, and to AUTOMATIC after 90 s.",
        "INTERVENED is reported within 5 s. The robot stands, keeps its order, and works it off after AUTOMATIC: all "
        "actions are FINISHED.",
    ),
    "waits_with_a_retriable_action_that_failed": ByHand(
        f"{STUCK} Wait 60 s.",
        "The action stays RETRIABLE, an error is reported, the robot stands and keeps its order.",
    ),
    "tries_an_action_again": ByHand(
        f"{STUCK} Set the gripper free, and send retry with the actionId.",
        "retry is FINISHED, the action FINISHED, and its error gone.",
    ),
    "retries_once_for_each_instant_action": ByHand(
        f"{STUCK} Send retry, let the action fail once more, and publish the same message of retry again.",
        "The action stays RETRIABLE: it is not tried a third time.",
    ),
    "gives_an_action_up": ByHand(
        f"{STUCK} Set the gripper free, and send skipRetry with the actionId.",
        "skipRetry is FINISHED, the action FAILED, and the order goes on: its drop is FINISHED.",
    ),
    "holds_nothing_after_a_drop_that_was_given_up": ByHand(
        "Send an order with a retriable drop, keep the robot from putting down, and send skipRetry when the drop is "
        "RETRIABLE. Then the same with a drop without `retriable`.",
        "The drop is FAILED and the robot idle, and it puts back what it holds: its state has no loads.",
    ),
    "fails_an_action_that_is_not_retriable": ByHand(
        "Send an order whose collect has no `retriable`, and keep the gripper from the goods until it has ended.",
        "The action is FAILED directly, an error names its actionId, and the order goes on: its drop is FINISHED.",
    ),
    "cancels_an_order_that_waits_for_a_retry": ByHand(
        f"{STUCK} Send cancelOrder.",
        "cancelOrder is FINISHED, the action FAILED.",
    ),
}
