"""What the robot is and can do: the content of its factsheet, which is also what it keeps to."""

from typing import Any

from clients.robot.settings import Settings
from events.vda5050.collecting import COLLECT, DROP, MOST_ACTIONS, MOST_BYTES, PRODUCT_ID, QUANTITY, STORE_ID
from events.vda5050.factsheet import (
    LoadSpecification,
    MaximumArrayLengths,
    MaximumStringLengths,
    MobileRobotAction,
    OptionalParameter,
    ParameterOfAction,
    PhysicalParameters,
    ProtocolFeatures,
    ProtocolLimits,
    Scope,
    Support,
    Timing,
    TypeSpecification,
    ValueDataType,
)
from events.vda5050.geometry import MobileRobotGeometry
from events.vda5050.instant_actions import InstantAction
from events.vda5050.order import BlockingType

MOST_INSTANT_ACTIONS = 100  # that it reports: older ones that have ended go first
UNDERSTOOD = (
    "order.orderDescription",
    "order.nodes.nodeDescriptor",
    "order.nodes.nodePosition",
    "order.nodes.nodePosition.allowedDeviationXY",
    "order.nodes.actions.actionDescriptor",
    "order.nodes.actions.actionParameters",
    "order.nodes.actions.retriable",
    "order.edges.edgeDescriptor",
    "order.edges.maximumSpeed",
    "order.edges.length",
)
_PARAMETERS = {
    COLLECT: {
        STORE_ID: (ValueDataType.STRING, "Where to collect."),
        PRODUCT_ID: (ValueDataType.STRING, "What to collect."),
        QUANTITY: (ValueDataType.INTEGER, "How many to collect, at least 1."),
    },
    InstantAction.CANCEL_ORDER: {"orderId": (ValueDataType.STRING, "The order to cancel; without it the active one.")},
    InstantAction.RETRY: {"actionId": (ValueDataType.STRING, "The action to try again.")},
    InstantAction.SKIP_RETRY: {"actionId": (ValueDataType.STRING, "The action to give up.")},
}
_OPTIONAL = {InstantAction.CANCEL_ORDER}


def can_be_stopped(kind: str) -> bool:
    """Whether an action stops when people pause the robot or its order is cancelled: a drop that has begun ends."""
    return kind == COLLECT


def content(settings: Settings) -> dict[str, Any]:
    """The fields of a factsheet, without its header."""
    actions = [
        _action(COLLECT, Scope.NODE, "Take products from a store.", "How many were taken, as digits."),
        _action(DROP, Scope.NODE, "Put down at the depot all that was collected.", None),
        *(_action(kind, Scope.INSTANT, None, None) for kind in InstantAction),
    ]
    return {
        "type_specification": TypeSpecification(
            series_name="MallBots reference",
            series_description="A simulated robot that collects orders in a mall.",
            mobile_robot_kinematics="DIFFERENTIAL",
            mobile_robot_class="CARRIER",
            maximum_load_mass=40,
            localization_types=("NATURAL",),
            navigation_types=("VIRTUAL_LINE_GUIDED",),
        ),
        "physical_parameters": PhysicalParameters(
            minimum_speed=0.05,
            maximum_speed=settings.metres_a_second,
            maximum_acceleration=0.6,
            maximum_deceleration=1.0,
            minimum_height=1.1,
            maximum_height=1.1,
            width=0.6,
            length=0.8,
        ),
        "protocol_limits": ProtocolLimits(
            maximum_string_lengths=MaximumStringLengths(maximum_message_length=MOST_BYTES),
            maximum_array_lengths=MaximumArrayLengths(
                node_actions=MOST_ACTIONS,
                state_action_states=MOST_ACTIONS + 1,  # the drop
                state_instant_action_states=MOST_INSTANT_ACTIONS,
            ),
            timing=Timing(
                minimum_order_interval=0, minimum_state_interval=0, default_state_interval=settings.report_every
            ),
        ),
        "protocol_features": ProtocolFeatures(
            optional_parameters=tuple(
                OptionalParameter(parameter=name, support=Support.SUPPORTED) for name in UNDERSTOOD
            ),
            mobile_robot_actions=tuple(actions),
        ),
        "mobile_robot_geometry": MobileRobotGeometry(),
        "load_specification": LoadSpecification(load_positions=("basket",)),
    }


def _action(kind: str, scope: Scope, what: str | None, result: str | None) -> MobileRobotAction:
    parameters = tuple(
        ParameterOfAction(key=key, value_data_type=of_type, description=text, is_optional=kind in _OPTIONAL)
        for key, (of_type, text) in _PARAMETERS.get(kind, {}).items()
    )
    return MobileRobotAction(
        action_type=kind,
        action_description=what,
        action_scopes=(scope,),
        action_parameters=parameters or None,
        action_result=result,
        blocking_types=tuple(BlockingType) if scope is Scope.NODE else (BlockingType.NONE,),
        pause_allowed=can_be_stopped(kind),
        cancel_allowed=can_be_stopped(kind),
    )
