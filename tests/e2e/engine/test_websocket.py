"""API Gateway's WebSocket APIs: `patches/websocket.py`. Where AWS says so is beside each behaviour there."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from infra.local.cloud import ACCOUNT, LocalCloud
from infra.local.process import REGION, free_port
from tests.e2e.engine.workbench import Clients, Function, Workbench, as_role, eventually, policy

STAGE = "live"
IDLE, LIFETIME, PER_SECOND = 2.0, 12.0, 4
KB = 1024

# Names the first subprotocol, and writes down what every route is called with.
ECHO = """
context = event["requestContext"]
note([context["routeKey"], context["connectionId"], context.get("disconnectStatusCode")])
offered = (event.get("headers") or {}).get("sec-websocket-protocol", "")
return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": offered.split(",")[0]}, "body": "echo"}
"""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """An engine whose connections end early."""
    settings = {
        "WEBSOCKET_IDLE_SECONDS": str(IDLE),
        "WEBSOCKET_LIFETIME_SECONDS": str(LIFETIME),
        "WEBSOCKET_CONNECTIONS_PER_SECOND": str(PER_SECOND),
    }
    cloud = LocalCloud(free_port(), tmp_path_factory.mktemp("hasty"), settings)
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def hasty_bench(hasty: LocalCloud, tmp_path: Any) -> Iterator[Workbench]:
    clients = Clients(hasty)
    with closing(Workbench(hasty, clients, tmp_path)) as bench:
        yield bench
    clients.close()


class Api:
    """A WebSocket API whose routes one function handles; without a function it has none."""

    def __init__(self, bench: Workbench, function: Function | None = None, answers: bool = False) -> None:
        self.bench, gateway = bench, bench.client("apigatewayv2")
        expression = "$request.body.action"
        made = gateway.create_api(Name=bench.name("api"), ProtocolType="WEBSOCKET", RouteSelectionExpression=expression)
        self.id = made["ApiId"]
        for key in ("$connect", "$default", "$disconnect") if function else ():
            self._route(key, function, answers)
        gateway.create_stage(ApiId=self.id, StageName=STAGE, AutoDeploy=True)

    def _route(self, key: str, function: Function | None, answers: bool) -> None:
        assert function
        gateway = self.bench.client("apigatewayv2")
        integration = gateway.create_integration(
            ApiId=self.id, IntegrationType="AWS_PROXY", IntegrationUri=function.arn
        )
        target = f"integrations/{integration['IntegrationId']}"
        route = gateway.create_route(ApiId=self.id, RouteKey=key, Target=target)
        if answers:
            gateway.create_route_response(ApiId=self.id, RouteId=route["RouteId"], RouteResponseKey="$default")
        self.bench.client("lambda").add_permission(
            FunctionName=function.name,
            StatementId=key.strip("$"),
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}/*{key}",
        )

    @property
    def path(self) -> str:
        return f"127.0.0.1:{self.bench.cloud.engine.port}/_aws/execute-api/{self.id}/{STAGE}"

    def connect(self, *subprotocols: Any) -> ClientConnection:
        offered = list(subprotocols) or None
        return connect(f"ws://{self.path}", subprotocols=offered, compression=None, proxy=None, max_size=None)

    def posts(self, role: str | None = None) -> Any:
        """A client of @connections: the administrator, or a role by its ARN."""
        if role:
            return as_role(self.bench.cloud, role, "apigatewaymanagementapi", f"http://{self.path}")
        return self.bench.cloud.client("apigatewaymanagementapi", endpoint=f"http://{self.path}")


def closed(socket: ClientConnection) -> int:
    """The code with which the gateway closes a connection; what arrives before is left aside."""
    with pytest.raises(ConnectionClosed) as end:
        deque(iter(lambda: socket.recv(timeout=10), None))
    assert end.value.rcvd, "it was cut without a close frame"
    return int(end.value.rcvd.code)


def test_the_handshake_is_answered_with_the_subprotocol_that_the_integration_names(bench: Workbench) -> None:
    api = Api(bench, bench.function(ECHO))

    with api.connect("mallbots.v1", "a-token") as socket:
        assert socket.subprotocol == "mallbots.v1"


def test_the_handshake_is_answered_with_none_when_the_integration_names_none(bench: Workbench) -> None:
    api = Api(bench, bench.function('return {"statusCode": 200}'))

    with api.connect("mallbots.v1", "a-token") as socket:
        assert socket.subprotocol is None


@pytest.mark.parametrize(("body", "status"), [('return {"statusCode": 403}', 403), ("raise ValueError('no')", 502)])
def test_an_answer_to_connect_that_is_no_success_refuses_the_handshake(
    bench: Workbench, body: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused, Api(bench, bench.function(body)).connect():
        pass

    assert refused.value.response.status_code == status


def test_the_gateway_invokes_a_function_only_for_the_routes_that_its_policy_allows(bench: Workbench) -> None:
    function = bench.function(ECHO)
    api = Api(bench, function)
    bench.client("lambda").remove_permission(FunctionName=function.name, StatementId="connect")

    with pytest.raises(InvalidStatus) as refused, api.connect():
        pass
    assert refused.value.response.status_code == 500
    assert function.notes() == []


@pytest.mark.parametrize("answers", [True, False])
def test_what_an_integration_answers_reaches_the_client_only_by_a_route_response(
    bench: Workbench, answers: bool
) -> None:
    function = bench.function(ECHO)
    api = Api(bench, function, answers)

    with api.connect() as socket:
        socket.send("{}")
        eventually(lambda: len(function.notes()) == 2)
        [connection] = {note[1] for note in function.notes()}
        api.posts().post_to_connection(ConnectionId=connection, Data=b"posted")
        assert socket.recv(timeout=10) == ("echo" if answers else "posted")


def test_the_client_hears_of_an_integration_that_fails(bench: Workbench) -> None:
    body = 'if event["requestContext"]["eventType"] == "MESSAGE":\n    raise ValueError("a secret")\nreturn {}'

    with Api(bench, bench.function(body)).connect() as socket:
        socket.send("{}")
        heard = json.loads(socket.recv(timeout=10))

    assert heard["message"] == "Internal server error"
    assert "secret" not in json.dumps(heard)


def test_messages_of_several_connections_are_handled_side_by_side(bench: Workbench) -> None:
    """Each waits until all are there, which one worker would do for ever."""
    body = """
    if event["requestContext"]["eventType"] == "MESSAGE":
        note(event["body"])
        until = time.monotonic() + 8
        while time.monotonic() < until and len(open(os.environ["JOURNAL"]).readlines()) < 3:
            time.sleep(0.01)
        assert len(open(os.environ["JOURNAL"]).readlines()) == 3
    return {"statusCode": 200, "body": "done"}
    """
    api = Api(bench, bench.function(body), answers=True)

    with api.connect() as one, api.connect() as two, api.connect() as three:
        for socket in (one, two, three):
            socket.send("{}")
        assert [socket.recv(timeout=20) for socket in (one, two, three)] == ["done"] * 3


def test_a_frame_of_32_kb_passes_and_a_larger_one_closes_the_connection(bench: Workbench) -> None:
    api = Api(bench, bench.function(ECHO), answers=True)

    with api.connect() as socket:
        socket.send("x" * 32 * KB)
        assert socket.recv(timeout=10) == "echo"
        socket.send("x" * (32 * KB + 1))
        assert closed(socket) == 1009


def test_a_message_of_128_kb_in_frames_passes_and_a_larger_one_closes_the_connection(bench: Workbench) -> None:
    api = Api(bench, bench.function(ECHO), answers=True)
    frames = ["x" * 32 * KB] * 4

    with api.connect() as socket:
        socket.send(frames)
        assert socket.recv(timeout=10) == "echo"
        socket.send([*frames, "x"])
        assert closed(socket) == 1009


def test_128_kb_can_be_posted_to_a_connection_and_no_more(bench: Workbench) -> None:
    function = bench.function(ECHO)
    api = Api(bench, function)

    with api.connect() as socket:
        connection = eventually(function.notes)[0][1]
        api.posts().post_to_connection(ConnectionId=connection, Data=b"x" * 128 * KB)
        assert socket.recv(timeout=10) == "x" * 128 * KB
        with pytest.raises(ClientError) as refused:
            api.posts().post_to_connection(ConnectionId=connection, Data=b"x" * (128 * KB + 1))

    assert refused.value.response["Error"]["Code"] == "PayloadTooLargeException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_posting_to_a_connection_that_ended_says_gone(bench: Workbench) -> None:
    function = bench.function(ECHO)
    api = Api(bench, function)
    with api.connect():
        connection = eventually(function.notes)[0][1]
    eventually(lambda: any(note[0] == "$disconnect" for note in function.notes()))

    with pytest.raises(ClientError) as gone:
        api.posts().post_to_connection(ConnectionId=connection, Data=b"late")

    assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


@pytest.mark.parametrize(("granted", "status"), [("POST/@connections/*", 200), ("GET/@connections/*", 403), ("", 403)])
def test_a_role_posts_to_connections_only_if_its_policy_allows_it(bench: Workbench, granted: str, status: int) -> None:
    function = bench.function(ECHO)
    api = Api(bench, function)
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/{STAGE}/{granted}"
    statement = {"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": arn}
    role = bench.role(*([statement] if granted else []))

    with api.connect():
        connection = eventually(function.notes)[0][1]
        try:
            answer = api.posts(role).post_to_connection(ConnectionId=connection, Data=b"hello")
        except ClientError as error:
            answer = error.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_the_authorizer_s_policy_decides_who_connects(bench: Workbench, effect: str) -> None:
    function, gateway = bench.function(ECHO), bench.client("apigatewayv2")
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"}
    judge = bench.function(f'return {{"principalId": "a", "policyDocument": {policy(statement)}, "context": {{}}}}')
    api = Api(bench, function)
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{judge.arn}/invocations"
    authorizer = gateway.create_authorizer(
        ApiId=api.id,
        Name="who",
        AuthorizerType="REQUEST",
        AuthorizerUri=uri,
        IdentitySource=["route.request.header.Sec-WebSocket-Protocol"],
    )
    [connect_route] = [r for r in gateway.get_routes(ApiId=api.id)["Items"] if r["RouteKey"] == "$connect"]
    gateway.update_route(
        ApiId=api.id,
        RouteId=connect_route["RouteId"],
        AuthorizationType="CUSTOM",
        AuthorizerId=authorizer["AuthorizerId"],
    )

    if effect == "Allow":
        with api.connect("mallbots.v1", "token") as socket:
            assert socket.subprotocol == "mallbots.v1"
        return
    for offered, status in ((("mallbots.v1", "token"), 403), ((), 401)):
        with pytest.raises(InvalidStatus) as refused, api.connect(*offered):
            pass
        assert refused.value.response.status_code == status
    assert function.notes() == []


def test_an_idle_connection_is_closed_with_1001_and_disconnect_says_so(hasty_bench: Workbench) -> None:
    function = hasty_bench.function(ECHO)

    with Api(hasty_bench, function).connect() as socket:
        assert closed(socket) == 1001

    [disconnected] = eventually(lambda: [note for note in function.notes() if note[0] == "$disconnect"])
    assert disconnected[2] == 1001


def test_what_either_side_sends_keeps_a_connection_until_it_is_too_old(hasty_bench: Workbench) -> None:
    function = hasty_bench.function(ECHO)
    api = Api(hasty_bench, function)
    posts = api.posts()

    def keep_alive(connection: str, socket: ClientConnection, times: int) -> None:
        """Send, now from this side, now from that, four times within what an idle connection may take."""
        for number in range(times):
            if number % 2:
                socket.send("{}")
            else:
                posts.post_to_connection(ConnectionId=connection, Data=b"news")
            with pytest.raises(TimeoutError):
                deque(iter(lambda: socket.recv(timeout=IDLE / 4), None))

    with api.connect() as socket:
        connection = eventually(function.notes)[0][1]
        keep_alive(connection, socket, 9)  # for more than twice what an idle one may take
        with pytest.raises((ConnectionClosed, ClientError)):
            keep_alive(connection, socket, 20)
        assert closed(socket) == 1001


def test_no_more_connections_are_let_in_within_a_second_than_the_quota(hasty_bench: Workbench) -> None:
    api = Api(hasty_bench)

    def status() -> int:
        try:
            with api.connect():
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    answers = [status() for _ in range(PER_SECOND + 1)]
    assert set(answers) == {101, 429}
    assert answers.index(429) <= PER_SECOND
