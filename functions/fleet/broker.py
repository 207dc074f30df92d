"""The port to the broker: publish a message to a robot's topic, by the data API of IoT Core."""

import os
from collections.abc import Mapping
from typing import Any, Protocol

import boto3

from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.trial import accepts


class Broker(Protocol):
    """The broker that robots are connected to."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        expires: int | None = None,
        retain: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Publish with QoS 1. A message that waits for a robot for longer than `expires` seconds is dropped.

        properties: user properties of MQTT 5, which a robot that speaks MQTT 3.1.1 does not get. An error may pass:
        publish again.
        """


class IotBroker:
    """The broker of IoT Core. client: boto3's `iot-data`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        expires: int | None = None,
        retain: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """One Publish: https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_Publish.html"""
        expiry = {} if expires is None else {"messageExpiry": expires}
        named = {"userProperties": [{name: value} for name, value in properties.items()]} if properties else {}
        self._client.publish(topic=topic, qos=1, retain=retain, payload=payload, **expiry, **named)


def data_client() -> Any:
    """A client of the data API of this account, whose https address is BROKER_ENDPOINT; without it the SDK's own.

    AWS recommends the account's address: https://docs.aws.amazon.com/general/latest/gr/iot-core.html
    """
    endpoint = os.environ.get("BROKER_ENDPOINT") or None
    return budget.guard(boto3.client("iot-data", endpoint_url=endpoint, config=budget.config()))


def connect() -> Broker:
    """The broker of this account."""
    return IotBroker(data_client())


broker: Port[Broker] = Port("broker", connect=connect, in_trial=accepts("publish"))
# What a room says that it uses where it tells robots what to do at once, and never gives them an order.
instructions: Port[Broker] = Port("instructions", connect=connect)
