"""The simulated API Gateway keeps the limits that AWS documents, tells what it tells, and loses what it may lose."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.simulation.choices import Choices
from tests.simulation.faults import Faults
from tests.simulation.live.cloud import SOCKET, LiveCloud
from tests.simulation.live.faults import LIVE_FAULTS
from tests.simulation.live.gateway import FRAME, IDLE, LONGEST, MESSAGE, Connection

PROTOCOL = "mallbots.v1"
PING = '{"action":"ping","id":1}'
SUBSCRIBE = '{"action":"subscribe","topics":[{"topic":"stores"}]}'


class Tab:
    """A browser's end that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def opened(self) -> None:
        self.told.append("opened")

    def closed(self) -> None:
        self.told.append("closed")

    def received(self, text: str) -> None:
        self.told.append(text)


def a_cloud(**rates: float) -> LiveCloud:
    choices = Choices(1)
    faults = {name.replace("_", " "): rate for name, rate in rates.items()}
    return LiveCloud(choices, Faults(choices, faults, known=LIVE_FAULTS))


def connected(cloud: LiveCloud, protocols: list[str] | None = None) -> tuple[Tab, Connection]:
    tab = Tab()
    connection = cloud.gateway.connect(tab, protocols or [PROTOCOL, cloud.token("mia")])
    cloud.run(cloud.now() + 5)
    return tab, connection


def kinds(cloud: LiveCloud, kind: str) -> list[dict[str, object]]:
    return [fields for _, found, fields in cloud.history.entries if found == kind]


def test_a_connection_opens_for_a_clerk_by_the_real_authorizer() -> None:
    cloud = a_cloud()
    tab, connection = connected(cloud)
    assert tab.told == ["opened"]
    assert connection.told["role"] == "staff"


@pytest.mark.parametrize("protocols", [[PROTOCOL], [PROTOCOL, "no.token.this"], ["other", "token"]])
def test_a_connection_without_a_token_is_refused(protocols: list[str]) -> None:
    cloud = a_cloud()
    tab, connection = connected(cloud, protocols)
    assert tab.told == ["closed"]
    assert not connection.is_open


def test_a_throttled_connection_is_refused() -> None:
    tab, _ = connected(a_cloud(connection_throttled=1.0))
    assert tab.told == ["closed"]


def test_a_frame_is_answered_by_a_post() -> None:
    cloud = a_cloud()
    tab, connection = connected(cloud)
    connection.send(PING)
    cloud.run(cloud.now() + 5)
    assert tab.told == ["opened", '{"type":"pong","id":1,"positions":[]}']


def test_an_idle_connection_ends_after_ten_minutes() -> None:
    cloud = a_cloud()
    tab, connection = connected(cloud)
    connection.send(SUBSCRIBE)
    cloud.run(IDLE - 1)
    assert "closed" not in tab.told
    cloud.run(IDLE + 10)
    assert tab.told[-1] == "closed"


def test_a_connection_ends_after_two_hours_however_busy_it_is() -> None:
    cloud = a_cloud()
    tab, connection = connected(cloud)
    while cloud.now() < LONGEST - 60:
        connection.send(PING)
        cloud.run(cloud.now() + 300)
    cloud.run(LONGEST + 10)
    assert tab.told[-1] == "closed"
    assert kinds(cloud, "ended socket")[0]["why"] == "two hours"


def test_a_frame_of_more_than_32_kb_ends_the_connection() -> None:
    cloud = a_cloud()
    tab, connection = connected(cloud)
    connection.send("x" * (FRAME + 1))
    cloud.run(cloud.now() + 5)
    assert tab.told == ["opened", "closed"]


def test_a_post_of_more_than_128_kb_is_refused() -> None:
    cloud = a_cloud()
    _, connection = connected(cloud)
    with pytest.raises(ClientError, match="PayloadTooLarge"):
        cloud.gateway.post(connection.id, "x" * (MESSAGE + 1), "test")


def test_a_post_to_a_connection_that_has_ended_finds_it_gone() -> None:
    cloud = a_cloud()
    _, connection = connected(cloud)
    connection.close()
    cloud.run(cloud.now() + 5)
    assert raised(lambda: cloud.gateway.post(connection.id, "text", "test")) == "GoneException"


def raised(work: Callable[[], object]) -> str:
    """The code of the error that is raised."""
    with pytest.raises(ClientError) as error:
        work()
    return str(error.value.response["Error"]["Code"])


def test_two_posts_may_overtake_each_other() -> None:
    cloud = a_cloud(post_late=0.5)
    tab, connection = connected(cloud)
    for number in range(20):
        cloud.gateway.post(connection.id, str(number), "test")
    cloud.run(cloud.now() + 10)
    assert sorted(tab.told[1:], key=int) == [str(number) for number in range(20)] != tab.told[1:]


def test_a_dead_connection_takes_posts_and_delivers_none_until_it_is_found_dead() -> None:
    cloud = a_cloud()
    tab, connection = connected(cloud)
    cloud.gateway.die(connection)
    cloud.gateway.post(connection.id, "text", "test")
    cloud.run(cloud.now() + IDLE + 5)
    assert tab.told == ["opened"]
    assert raised(lambda: cloud.gateway.post(connection.id, "text", "test")) == "GoneException"


def test_a_deployment_closes_all_connections_and_begins_with_new_containers() -> None:
    cloud = a_cloud()
    tab, _ = connected(cloud)
    cloud.deploy()
    cloud.run(cloud.now() + 5)
    assert tab.told == ["opened", "closed"]
    connected(cloud)
    opened = [fields["container"] for fields in kinds(cloud, "invocation") if fields["function"] == SOCKET]
    assert opened[0] != opened[-1]


def test_a_frame_whose_function_is_throttled_is_answered_by_the_gateway() -> None:
    cloud = a_cloud()
    tab, connection = connected(cloud)
    cloud.socket.stopped = True
    connection.send(PING)
    cloud.run(cloud.now() + 5)
    assert "Internal server error" in tab.told[-1]
