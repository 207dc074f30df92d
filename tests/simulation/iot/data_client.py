"""The client of `iot-data`: Publish over HTTPS, which has no connection and no client id, and DeleteConnection.

https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_Publish.html
https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_DeleteConnection.html
"""

from collections.abc import Sequence
from typing import Any

from tests.simulation.iot.broker import Broker
from tests.simulation.iot.packets import LARGEST, Publication
from tests.simulation.outages import BROKER
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World, client_error

QOS_1 = 1


class IotDataClient:
    """One container's client."""

    def __init__(self, broker: Broker, world: World, wire: Wire, name: str) -> None:
        self._broker, self._world, self._wire, self._name = broker, world, wire, name

    def publish(
        self,
        *,
        topic: str,
        payload: bytes = b"",
        qos: int = 0,
        retain: bool = False,
        messageExpiry: int = 0,
        contentType: str = "",
        userProperties: Sequence[dict[str, str]] = (),
    ) -> dict[str, Any]:
        """Publish a message, which may or may not have taken effect when the call fails."""

        def effect() -> dict[str, Any]:
            if len(payload) > LARGEST:
                raise client_error("RequestEntityTooLargeException", "the payload", "Publish", status=413)
            if qos != QOS_1:
                raise client_error("InvalidRequestException", "this model knows QoS 1 alone", "Publish")
            if any(len(one) != 1 for one in userProperties):
                raise client_error("InvalidRequestException", "an object holds one user property", "Publish")
            properties = tuple(pair for one in userProperties for pair in one.items())
            now = self._world.scheduler.now_us
            expires = now + messageExpiry * SECOND if messageExpiry else 0
            number = self._world.number("sent")
            self._world.history.record(
                "mqtt",
                what="sent",
                by=self._name,
                number=number,
                topic=topic,
                payload=payload.decode("utf-8", "replace"),
                expires_us=expires,
            )
            if not self._broker.accept(Publication(number, topic, payload, "", now, retain, expires, properties)):
                raise client_error("ThrottlingException", "retained messages of a topic", "Publish", status=429)
            return {}

        answer: dict[str, Any] = self._wire.call("Publish", BROKER, effect)
        return answer

    def delete_connection(self, *, clientId: str, cleanSession: bool, preventWillMessage: bool) -> dict[str, Any]:
        """Disconnect a client."""

        def effect() -> dict[str, Any]:
            if not self._broker.end(clientId, clean=cleanSession, will=not preventWillMessage):
                raise client_error("ResourceNotFoundException", "it is not connected", "DeleteConnection", status=404)
            return {}

        answer: dict[str, Any] = self._wire.call("DeleteConnection", BROKER, effect)
        return answer
