"""What the kit requires of a robot's factsheet is what the gateway requires of it."""

from datetime import UTC, datetime

from clients.robot.factsheet import content
from clients.robot.settings import Settings
from events.vda5050.factsheet import Factsheet, MaximumArrayLengths, MaximumStringLengths
from events.vda5050.header import timestamp
from functions.fleet.factsheets import lacks
from tests.conformance import largest


def test_a_robot_with_no_more_room_than_the_kit_requires_is_given_lists() -> None:
    needs = largest.needs()
    sheet = Factsheet(header_id=0, timestamp=timestamp(datetime.now(UTC)), serial_number="ajax", **content(Settings()))
    limits = sheet.protocol_limits.model_copy(
        update={
            "maximum_string_lengths": MaximumStringLengths(
                maximum_message_length=needs.message_length, maximum_id_length=needs.id_length
            ),
            "maximum_array_lengths": MaximumArrayLengths(
                order_nodes=needs.nodes,
                order_edges=needs.edges,
                node_actions=needs.actions_at_a_node,
                action_parameters=needs.parameters,
                state_node_states=needs.nodes,
                state_edge_states=needs.edges,
                state_action_states=needs.actions,
            ),
        }
    )
    assert lacks(sheet.model_copy(update={"protocol_limits": limits})) == ()
