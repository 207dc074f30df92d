"""Messages of version 3.0.0 as version 2.1.0 has them, and back; what one version cannot say is noted as a loss."""

from typing import Any

Json = dict[str, Any]

# Names that only changed, from 3.0.0 to 2.1.0, wherever they occur.
NAMES = {
    "nodeDescriptor": "nodeDescription",
    "edgeDescriptor": "edgeDescription",
    "actionDescriptor": "actionDescription",
    "mapDescriptor": "mapDescription",
    "infoDescriptor": "infoDescription",
    "actionResult": "resultDescription",
    "maximumSpeed": "maxSpeed",
    "maximumMobileRobotHeight": "maxHeight",
    "minimumLoadHandlingDeviceHeight": "minHeight",
    "maximumRotationSpeed": "maxRotationSpeed",
    "corridorReferencePoint": "corridorRefPoint",
    "mobileRobotPosition": "agvPosition",
    "localized": "positionInitialized",
    "powerSupply": "batteryState",
    "stateOfCharge": "batteryCharge",
    "range": "reach",
    "activeEmergencyStop": "eStop",
    "mobileRobotKinematics": "agvKinematic",
    "mobileRobotClass": "agvClass",
    "maximumLoadMass": "maxLoadMass",
    "minimumAngularSpeed": "angularSpeedMin",
    "maximumAngularSpeed": "angularSpeedMax",
    "maximumAcceleration": "accelerationMax",
    "maximumDeceleration": "decelerationMax",
    "minimumHeight": "heightMin",
    "maximumHeight": "heightMax",
    "maximumStringLengths": "maxStringLens",
    "maximumArrayLengths": "maxArrayLens",
    "maximumMessageLength": "msgLen",
    "maximumTopicSerialLength": "topicSerialLen",
    "maximumTopicElementLength": "topicElemLen",
    "maximumIdLength": "idLen",
    "maximumLoadIdLength": "loadIdLen",
    "minimumOrderInterval": "minOrderInterval",
    "minimumStateInterval": "minStateInterval",
    "mobileRobotActions": "agvActions",
    "mobileRobotGeometry": "agvGeometry",
    "mobileRobotConfiguration": "vehicleConfig",
}
VALUES = {
    "CONNECTION_BROKEN": "CONNECTIONBROKEN",
    "TEACH_IN": "TEACHIN",
    "KINEMATIC_CENTER": "KINEMATICCENTER",
    "initializePosition": "initPosition",
    "DIFFERENTIAL": "DIFF",
    "OMNIDIRECTIONAL": "OMNI",
    "THREE_WHEEL": "THREEWHEEL",
}
# Values that 2.1.0 does not have, and what comes nearest.
NEAREST = {
    "connectionState": {"HIBERNATING": "OFFLINE"},
    "operatingMode": {"STARTUP": "SERVICE", "INTERVENED": "MANUAL"},
    "blockingType": {"SINGLE": "HARD"},
    "actionStatus": {"RETRIABLE": "PAUSED"},
    "errorLevel": {"URGENT": "WARNING", "CRITICAL": "FATAL"},
    "errorType": {
        "VALIDATION_FAILURE": "validationError",
        "NO_ORDER_TO_CANCEL": "noOrderToCancel",
        "OUTDATED_ORDER_UPDATE": "orderUpdateError",
        "SAME_ORDER_UPDATE_ID": "orderUpdateError",
        "ORDER_UPDATE_FOLLOWING_CANCEL": "orderUpdateError",
        "OTHER_ORDER_ACTIVE": "orderError",
        "UNSUPPORTED_PARAMETER": "orderError",
        "INVALID_ORDER_ACTION": "orderError",
        "START_NODE_OUT_OF_RANGE": "orderError",
        "NO_ROUTE_TO_TARGET": "orderError",
        "MOBILE_ROBOT_NOT_AVAILABLE": "orderError",
        "UNKNOWN_MAP_ID": "orderError",
        "INSUFFICIENT_MEMORY": "orderError",
    },
}
# Fields that 2.1.0 does not have; its schema allows no list of blockingTypes at all.
ONLY_3 = {
    "blockingTypes",
    "retriable", "releaseRequired", "releaseLossBehavior", "batteryCurrent", "zoneSets", "zoneRequests", "edgeRequests",
    "plannedPath", "intermediatePath", "zoneActionStates", "errorDescriptionTranslations", "errorHintTranslations",
    "supportedZones", "pauseAllowed", "cancelAllowed", "referenceStateHeaderId", "reachOrientationBeforeEntering",
    "orderDescription",
}  # fmt: skip
# Fields that 3.0.0 does not have.
ONLY_2 = {"zoneSetId", "startNodeId", "endNodeId", "rotationAllowed", "enumLen"}
# Limits of a factsheet whose names 2.1.0 has not.
UNKNOWN_LIMITS = {"state.instantActionStates", "state.zoneActionStates", "zoneSet.zones"}


class Translator:
    """Translates both ways. `losses` names what could not be said in the other version, by field and value."""

    def __init__(self) -> None:
        self.losses: set[str] = set()
        self._instant: set[str] = set()

    def to_2(self, message: Json) -> Json:
        """A message of 3.0.0 as 2.1.0 has it."""
        made: Json = self._older(message)
        made["version"] = "2.1.0"
        if "nodes" in made:
            self._give_ends(made)
        if "actionStates" in made:  # one list for both kinds of actions
            made["actionStates"] += made.pop("instantActionStates", [])
        if "physicalParameters" in made:
            self._older_speeds(made["physicalParameters"])
        return made

    def to_3(self, message: Json) -> Json:
        """A message of 2.1.0 as 3.0.0 has it."""
        made: Json = self._newer(message)
        made["version"] = "3.0.0"
        if "nodes" not in made and "actions" in made:
            self._instant |= {action["actionId"] for action in made["actions"]}
        if "actionStates" in made:
            states = made["actionStates"]
            made["actionStates"] = [each for each in states if each["actionId"] not in self._instant]
            made["instantActionStates"] = [each for each in states if each["actionId"] in self._instant]
        return made

    def sent(self, instant_actions: Json) -> None:
        """Remember ids of instant actions of 3.0.0, to find their states again among those of 2.1.0."""
        self._instant |= {action["actionId"] for action in instant_actions["actions"]}

    def _older(self, part: Any, key: str = "") -> Any:
        if isinstance(part, list):
            return [self._older(each, key) for each in part]
        if not isinstance(part, dict):
            return self._older_value(part, key)
        made = {}
        for name, value in part.items():
            if name in ONLY_3 or name in UNKNOWN_LIMITS:
                self._lose(f"{name} is left out")
            elif name == "allowedDeviationXY":
                self._lose("allowedDeviationXY is a circle with the shorter axis")
                made[name] = min(value["a"], value["b"])
            else:
                made[NAMES.get(name, name)] = self._older(value, name)
        return made

    def _older_value(self, value: Any, key: str) -> Any:
        nearest = NEAREST.get(key, {}).get(value) if isinstance(value, str) else None
        if nearest:
            self._lose(f"{key} {value} becomes {nearest}")
            return nearest
        return VALUES.get(value, value) if isinstance(value, str) else value

    def _newer(self, part: Any, key: str = "") -> Any:
        if isinstance(part, list):
            return [self._newer(each, key) for each in part]
        if not isinstance(part, dict):
            return self._newer_value(part, key)
        names = {old: new for new, old in NAMES.items()}
        made = {}
        for name, value in part.items():
            if name in ONLY_2 or (name == "mapDescription" and key in ("nodePosition", "agvPosition")):
                self._lose(f"{name} is left out")
            elif name == "allowedDeviationXY":
                made[name] = {"a": value, "b": value, "theta": 0.0}
            else:
                made[names.get(name, name)] = self._newer(value, name)
        return made

    def _newer_value(self, value: Any, key: str) -> Any:
        if not isinstance(value, str):
            return value
        if key == "errorType":
            kinds = [new for new, old in NEAREST["errorType"].items() if old == value]
            if len(kinds) > 1:
                self._lose(f"errorType {value} becomes {kinds[0]}, one of {len(kinds)}")
            return kinds[0] if kinds else value
        if key == "eStop" and value == "AUTOACK":
            self._lose("eStop AUTOACK becomes REMOTE")
            return "REMOTE"
        return next((new for new, old in VALUES.items() if old == value), value)

    @staticmethod
    def _give_ends(order: Json) -> None:
        """2.1.0 names both ends of an edge; in 3.0.0 they follow from the sequence ids."""
        nodes = {node["sequenceId"]: node["nodeId"] for node in order["nodes"]}
        for edge in order["edges"]:
            edge["startNodeId"] = nodes.get(edge["sequenceId"] - 1, "")
            edge["endNodeId"] = nodes.get(edge["sequenceId"] + 1, "")

    @staticmethod
    def _older_speeds(parameters: Json) -> None:
        """The speed limits of the robot itself, whose names differ from those of an edge."""
        parameters["speedMin"] = parameters.pop("minimumSpeed")
        parameters["speedMax"] = parameters.pop("maxSpeed")

    def _lose(self, what: str) -> None:
        self.losses.add(what)
