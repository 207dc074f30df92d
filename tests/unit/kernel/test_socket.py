"""The WebSocket edge: routes, frames by their action, and what is answered where something fails."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from functions.kernel.composition.manifest import manifest
from functions.kernel.rest.socket import Connection, Socket, UnreadableFrameError
from functions.kernel.runtime import context
from functions.kernel.runtime.context import STAFF, Caller

MIA = {"principalId": "staff:mia", "role": "staff", "id": "mia"}


class Fill(BaseModel):
    action: Literal["fill"]
    coins: int


class Spill(BaseModel):
    action: Literal["spill"]


class Heard:
    """A socket and what its handlers got."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[Any] = []
        self.errors: list[Exception] = []
        self.socket = Socket("jars", protocol="jars.v1", may=[STAFF])

        def hear(*what: Any) -> None:
            self.calls.append((context.current().actor, *what))
            if error:
                raise error

        self.socket.on(Fill)(lambda connection, frame: hear(connection.id, frame.coins))
        self.socket.failed(lambda connection, raised: self.errors.append(raised))

    def sent(self, route: str, body: str | None = None, told: Any = MIA) -> dict[str, Any]:
        requested = {"routeKey": route, "connectionId": "one", "authorizer": told}
        return self.socket.handle({"requestContext": requested, "body": body})


def test_who_connects_gets_the_protocol_and_is_named_by_the_authorizer_from_then_on() -> None:
    heard = Heard()
    heard.socket.on(Spill)(lambda connection, frame: heard.calls.append(connection))
    answer = heard.sent("$connect")
    assert answer == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "jars.v1"}}
    heard.sent("$default", '{"action": "spill"}')
    assert heard.calls == [Connection("one", Caller("staff", "mia"))]


@pytest.mark.parametrize("told", [None, {}, {"role": "customer", "id": "c"}, {"role": "nobody", "id": "n"}])
def test_who_may_not_connect_is_refused_before_any_handler(told: Any) -> None:
    heard = Heard()
    assert heard.sent("$connect", told=told) == {"statusCode": 403}
    assert heard.calls == []


def test_an_operator_may_what_staff_may() -> None:
    assert Heard().sent("$connect", told={"role": "operator", "id": "o"})["statusCode"] == 200


def test_a_frame_goes_to_the_handler_of_its_action() -> None:
    heard = Heard()
    assert heard.sent("$default", '{"action": "fill", "coins": 5, "more": 1}') == {"statusCode": 200}
    assert heard.calls == [("staff:mia", "one", 5)]
    assert heard.errors == []


def test_a_frame_whose_handler_fails_is_told_to_what_is_registered_for_that() -> None:
    heard = Heard(ConnectionError("throttled"))
    assert heard.sent("$default", '{"action": "fill", "coins": 5}') == {"statusCode": 200}
    assert [str(error) for error in heard.errors] == ["throttled"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "a frame is a JSON object"),
        ("", "a frame is a JSON object"),
        ("[1]", "a frame is a JSON object"),
        ("[" * 100_000, "a frame is a JSON object"),
        ('{"action": ["fill"]}', "`action` is one of fill"),
        ('{"action": "spill"}', "`action` is one of fill"),
        ('{"action": "fill"}', "coins: Field required"),
        ('{"action": "fill", "coins": "secret"}', "coins: Input should be a valid integer, unable to parse string"),
    ],
)
def test_what_is_no_frame_is_told_with_the_reason_and_without_what_was_sent(body: str | None, reason: str) -> None:
    heard = Heard()
    assert heard.sent("$default", body) == {"statusCode": 200}
    [error] = heard.errors
    assert isinstance(error, UnreadableFrameError)
    assert str(error).startswith(reason)
    assert "secret" not in str(error)


def test_the_manifest_of_a_service_has_its_socket_with_the_frames_that_it_reads() -> None:
    socket = manifest("live").socket
    assert socket
    assert [frame.__name__ for frame in socket.frames] == ["Ping", "Subscribe", "Unsubscribe"]
    assert manifest("stores").socket is None
