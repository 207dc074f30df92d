"""Instant actions: what a robot is to do at once (sections 6.2.1 and 7.4), and the predefined ones in use here."""

from enum import StrEnum

from events.vda5050.header import Header
from events.vda5050.order import Action


class InstantAction(StrEnum):
    """The predefined types of instant actions that the mall sends or its robots understand."""

    CANCEL_ORDER = "cancelOrder"
    START_PAUSE = "startPause"
    STOP_PAUSE = "stopPause"
    RETRY = "retry"
    SKIP_RETRY = "skipRetry"
    STATE_REQUEST = "stateRequest"
    FACTSHEET_REQUEST = "factsheetRequest"
    CLEAR_INSTANT_ACTIONS = "clearInstantActions"


class InstantActions(Header):
    """Actions to execute at once; their blocking type is always NONE."""

    actions: tuple[Action, ...]
