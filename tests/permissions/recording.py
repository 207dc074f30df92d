"""Records what each function calls of AWS while a mall in memory works.

Every call of a port is made twice: in memory, for its result, and by the function's own adapter, composed by the
kernel's composition from the environment that the template gives the function, on a client that records the request
and answers nothing. So what is recorded has the names of the deployment, and is what would be sent to AWS.

A commit meets a conflict there, so that what a conflict leads to is recorded with it.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from functools import wraps
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from functions.customers import codes, wrapping
from functions.fleet import broker as fleet_broker
from functions.fleet import identities as fleet_identities
from functions.kernel.composition.container import Clients, compose
from functions.kernel.domain.errors import ConcurrencyError, UnavailableError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import runtime, token_keys
from functions.kernel.runtime.runtime import Port, Runtime
from functions.live import push
from functions.live import service as live
from tests.infra.policies import HERE
from tests.permissions.roles import Call, Role
from tests.support.cloud import MemoryBus
from tests.support.iot import a_certificate
from tests.support.keys import MemoryKms
from tests.support.mall import Mall
from tests.support.queues import MemoryQueue
from tests.support.runtime import CODE_KEY, TOKEN_KEY

WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}

T = TypeVar("T")
Answer = Callable[[Mapping[str, Any]], dict[str, Any]]

# What owners say that everybody may act.
ALL_IS_WELL = {
    "FindCustomerStatus": {"customer_id": "somebody", "enabled": True},
    "FindBotCredential": {"bot_id": "somebody", "generation": 1},
}


def _answered(request: Mapping[str, Any]) -> dict[str, Any]:
    known = ALL_IS_WELL.get(json.loads(request["Payload"])["query"])
    return {"Payload": io.BytesIO(json.dumps({"answer": known} if known else {}).encode())}


ANSWERS: dict[str, Answer] = {
    "query": lambda request: {"Items": []},
    "scan": lambda request: {"Items": []},
    "batch_get_item": lambda request: {"Responses": {}, "UnprocessedKeys": {}},
    "put_events": lambda request: {"Entries": [{"EventId": "1"} for _ in request["Entries"]]},
    "invoke": _answered,
    "get_secret_value": lambda request: {"SecretString": "a key"},
    "get_parameter": lambda request: {"Parameter": {"Value": token_keys.jwks([TOKEN_KEY])}},
    "admin_get_user": lambda request: {
        "Enabled": True,
        "UserAttributes": [{"Name": "sub", "Value": request["Username"]}],
    },
    "admin_list_groups_for_user": lambda request: {"Groups": [{"GroupName": "staff"}]},
}


GONE = "gone"  # a connection that has ended when a worker posts to it
# What the adapters get of KMS, which nobody reads: the key in memory is that of OURS.
KMS = {"Plaintext": bytes(32), "CiphertextBlob": b"a key"}
OURS = MemoryKms().adapters
ANSWERS |= {"generate_data_key": lambda request: KMS, "decrypt": lambda request: KMS}

# A thing with three certificates, all active and none of the key that a certificate is asked for.
CERTIFICATES = [f"arn:aws:iot:{HERE}:cert/{hashlib.sha256(name.encode()).hexdigest()}" for name in ("a", "b", "c")]
DESCRIBED = {"status": "ACTIVE", "creationDate": datetime(2026, 1, 1, tzinfo=UTC)}
ANSWERS |= {
    "list_thing_principals": lambda request: {"principals": CERTIFICATES},
    "describe_certificate": lambda request: {
        "certificateDescription": {**DESCRIBED, "certificatePem": a_certificate()}
    },
    "create_certificate_from_csr": lambda request: {
        "certificateArn": f"arn:aws:iot:{HERE}:cert/new",
        "certificateId": "new",
        "certificatePem": "in PEM",
    },
}


def _nothing(request: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def calls_of(service: str, operation: str, request: Mapping[str, Any]) -> Iterator[Call]:
    """A request of the SDK as IAM judges it. Raises NotImplementedError for an operation that is new here."""
    action = "".join(part.title() for part in operation.split("_"))
    match service, operation:
        case "dynamodb", "transact_write_items":
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
            for item in request["TransactItems"]:
                [(kind, write)] = item.items()
                yield Call(f"dynamodb:{WRITES[kind]}", _table(write["TableName"]))
        case "dynamodb", "batch_get_item":
            yield from (Call(f"dynamodb:{action}", _table(name)) for name in request["RequestItems"])
        case "dynamodb", _:
            index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
            yield Call(f"dynamodb:{action}", _table(request["TableName"]) + index)
        case "sqs", _:
            yield Call(f"sqs:{action}", f"arn:aws:sqs:{HERE}:{request['QueueUrl']}")
        case "events", "put_events":
            for entry in request["Entries"]:
                # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
                keys = (("events:source", entry["Source"]), ("events:detail-type", entry["DetailType"]))
                yield Call("events:PutEvents", _bus(entry["EventBusName"]), keys)
        case "events", "describe_event_bus":
            yield Call("events:DescribeEventBus", _bus(request["Name"]))
        case "lambda", "invoke":
            yield Call("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:{request['FunctionName']}")
        case "kms", _:
            # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
            context = ((f"kms:EncryptionContext:{key}", value) for key, value in request["EncryptionContext"].items())
            yield Call(f"kms:{action}", request["KeyId"], tuple(context))
        case "secretsmanager", _:
            yield Call(f"secretsmanager:{action}", request["SecretId"])
        case "ssm", _:
            yield Call(f"ssm:{action}", f"arn:aws:ssm:{HERE}:parameter{request['Name']}")
        case "cognito-idp", _:
            yield Call(f"cognito-idp:{action}", f"arn:aws:cognito-idp:{HERE}:userpool/{request['UserPoolId']}")
        case "apigatewaymanagementapi", "post_to_connection":
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
            endpoint = urlsplit(request["EndpointUrl"])
            api, stage = endpoint.netloc.partition(".")[0], endpoint.path.strip("/")
            resource = f"{api}/{stage}/POST/@connections/{request['ConnectionId']}"
            yield Call("execute-api:ManageConnections", f"arn:aws:execute-api:{HERE}:{resource}")
        case "sns", "publish":
            yield Call("sns:Publish", request.get("TopicArn", "*"))  # a phone number is no resource
        case "iot-data", "publish":
            yield Call("iot:Publish", f"arn:aws:iot:{HERE}:topic/{request['topic']}")
        case "iot", "create_certificate_from_csr":
            yield Call(f"iot:{action}", "*")
        case "iot", _:
            yield Call(f"iot:{action}", _of_registry(request))
        case _:
            raise NotImplementedError(f"say how IAM judges {operation} of {service}")


def _of_registry(request: Mapping[str, Any]) -> str:
    """The certificate that a call is judged by, where it names one, or the thing.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
    """
    if "certificateId" in request:
        return f"arn:aws:iot:{HERE}:cert/{request['certificateId']}"
    return str(request.get("target") or request.get("principal") or f"arn:aws:iot:{HERE}:thing/{request['thingName']}")


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{HERE}:table/{name}"


def _bus(name: str) -> str:
    return f"arn:aws:events:{HERE}:event-bus/{name}"


class Recorder:
    """What was called, by function. part: what of a service is at work; None outside of its functions."""

    def __init__(self, roles: Mapping[str, Role]) -> None:
        self.roles = roles
        self.calls: dict[str, set[Call]] = {name: set() for name in roles}
        self.part: str | None = None
        self._composed: dict[str, Runtime] = {}

    @property
    def stage(self) -> str:
        """The name of the stage that the functions are deployed to."""
        return next(iter(self.roles.values())).environment["MALLBOTS_STAGE"]

    @property
    def function(self) -> str:
        """The function at work."""
        return f"{runtime.current().service}/{self.part}"

    @contextmanager
    def working(self, part: str | None) -> Iterator[None]:
        """Within the block, a part of services is at work, or none."""
        before, self.part = self.part, part
        try:
            yield
        finally:
            self.part = before

    def client(self, service: str, endpoint_url: str = "", **_: Any) -> Any:
        """A client that records what is asked of it, for the function at work, and answers nothing."""
        return _Client(service, self, {"EndpointUrl": endpoint_url} if endpoint_url else {})

    def deployed(self) -> Runtime:
        """The function at work, composed from its environment as deployed."""
        name = self.function
        if name not in self._composed:
            with self.environment():
                self._composed[name] = compose(Clients())
        return self._composed[name]

    def unnamed(self, action: str, service: str, what: str) -> None:
        """Record a call on something whose name the environment of the function at work lacks: nobody may make it."""
        self.calls[self.function].add(Call(action, f"arn:aws:{service}:{HERE}:{what}, which its environment lacks"))

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Within the block, the process has the environment of the function at work."""
        with patch.dict(os.environ, self.roles[self.function].environment):
            yield


class _Client:
    """A client of the SDK, of whose calls only the requests matter."""

    meta = SimpleNamespace(events=SimpleNamespace(register_first=lambda *_: None))

    def __init__(self, service: str, recorder: Recorder, about: Mapping[str, str]) -> None:
        self._service = service
        self._recorder = recorder
        self._about = about

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Client":
        return self

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def call(**request: Any) -> dict[str, Any]:
            self._recorder.calls[self._recorder.function].update(
                calls_of(self._service, operation, {**self._about, **request})
            )
            if "ReturnValuesOnConditionCheckFailure" in request or "ClientRequestToken" in request:
                raise ClientError({"Error": {"Code": "TransactionConflictException", "Message": ""}}, operation)
            answer: Answer = ANSWERS.get(operation, _nothing)
            return answer(request)

        return call


@contextmanager
def recording(roles: Mapping[str, Role]) -> Iterator[Recorder]:
    """Within the block, every mall that is made is recorded."""
    recorder = Recorder(roles)
    patches = [
        patch("boto3.client", recorder.client),
        *(_mirrored(recorder, MemoryEventStore, name, lambda real, _: real.store) for name in STORE),
        *(_mirrored(recorder, MemoryViews, name, lambda real, _: real.views) for name in VIEWS),
        *(_mirrored(recorder, MemoryVault, name, lambda real, _: real.vault) for name in VAULT),
        *(_mirrored(recorder, MemoryQueue, name, _same_queue) for name in ("send", "retry_in")),
        _mirrored(recorder, MemoryBus, "put", lambda real, _: real.bus),
        *(_at_work(recorder, name, part) for name, part in PARTS.items()),
        patch.object(Mall, "ask", _asking(recorder)),
        patch.object(Runtime, "signing_key", property(_signing(recorder))),
        patch.object(codes, "code_key", _read_by(recorder, codes.connect, lambda: CODE_KEY)),
        patch.object(wrapping, "make_data_key", _called_of(recorder, wrapping.make_data_key)),
        patch.object(wrapping, "decrypt_data_key", _called_of(recorder, wrapping.decrypt_data_key)),
        patch.object(live, "connections", lambda: _Connections(recorder)),
        patch.object(wrapping, "kept", wrapping.Kept),  # each use is that of a container that has just started
        patch.object(Mall, "_runtime", _without_adapters(recorder, Mall._runtime)),
    ]
    with ExitStack() as stack:
        for one in patches:
            stack.enter_context(one)
        yield recorder


STORE = ("commit", "backwards", "forwards", "page", "read", "scan", "rewrite")
VIEWS = ("put", "get", "delete", "get_many", "query")
VAULT = ("get", "get_many", "sorts", "add")
PARTS: dict[str, Callable[..., str]] = {
    "request": lambda *_, **__: "api",
    "socket": lambda *_, **__: "socket",
    "_relay_all": lambda *_: "relay",
    "_handle": lambda mall, subscriber, batch, **_: subscriber.inbox.queue,
}


def _mirrored(recorder: Recorder, port: type[Any], method: str, same: Callable[[Runtime, Any], Any]) -> Any:
    """A port whose method is called of the function's deployed adapter too."""
    in_memory = getattr(port, method)

    @wraps(in_memory)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        args = tuple(list(one) if isinstance(one, Iterator) else one for one in args)  # both adapters read all of it
        if recorder.part:
            try:
                done = getattr(same(recorder.deployed(), self), method)(*args, **kwargs)
                if isinstance(done, Iterator):
                    next(done, None)
            except KeyError:  # the address of a queue
                recorder.unnamed("sqs:SendMessage", "sqs", f"a queue of {runtime.current().service}")
            except (ConcurrencyError, UnavailableError):  # the conflict that every commit and every new row meets there
                pass
        with recorder.working(None):  # what a fake does in turn, AWS does
            return in_memory(self, *args, **kwargs)

    return patch.object(port, method, call)


def _same_queue(real: Runtime, queue: Any) -> Any:
    """The deployed queue that stands for one in memory."""
    here = runtime.current()
    if queue is here.dead_letters:
        return real.dead_letters
    names = [name for name, other in here.queues.items() if other is queue]
    return real.queues[names[0]] if names else real.queue


def _at_work(recorder: Recorder, method: str, part: Callable[..., str]) -> Any:
    original = getattr(Mall, method)

    @wraps(original)
    def work(*args: Any, **kwargs: Any) -> Any:
        with recorder.working(part(*args, **kwargs)):
            return original(*args, **kwargs)

    return patch.object(Mall, method, work)


def _asking(recorder: Recorder) -> Callable[[Mall, str, dict[str, Any]], dict[str, Any]]:
    original = Mall.ask

    def ask(mall: Mall, service: str, request: dict[str, Any]) -> dict[str, Any]:
        if recorder.part:
            invoke = recorder.deployed().invoke
            assert invoke
            try:
                invoke(service, request)
            except KeyError:
                recorder.unnamed("lambda:InvokeFunction", "lambda", f"queries of {service}")
        with recorder.working("queries"):
            return original(mall, service, request)

    return ask


def _signing(recorder: Recorder) -> Callable[[Runtime], bytes]:
    def signing_key(self: Runtime) -> bytes:
        if recorder.part:
            with recorder.environment():
                recorder.deployed().secret()
        return self.secret()

    return signing_key


def _read_by(recorder: Recorder, deployed: Callable[[], object], in_memory: Callable[[], T]) -> Callable[[], T]:
    """A secret that a function reads as deployed too."""

    def read() -> T:
        if recorder.part:
            with recorder.environment():
                deployed()
        return in_memory()

    return read


def _called_of(recorder: Recorder, port: Port[Callable[..., T]]) -> Callable[[], Callable[..., T]]:
    """A port to KMS, whose deployed adapter is called too."""

    def connected() -> Callable[..., T]:
        def call(*args: Any) -> T:
            if recorder.part:
                with recorder.environment():
                    port._connect()(*args)
            in_memory: Callable[..., T] = OURS[port.name]
            return in_memory(*args)

        return call

    return connected


class _Connections:
    """Connections to which is posted as deployed, too. Of these one is GONE."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def post(self, connection: str, text: str) -> None:
        if self._recorder.part:
            with self._recorder.environment():
                push.connect().post(connection, text)
        if connection == GONE and self._recorder.part != "socket":
            raise push.GoneError


class _Beside:
    """An adapter in memory, for its results, and the deployed one, which is called too."""

    def __init__(self, recorder: Recorder, connect: Callable[[], Any], in_memory: Any) -> None:
        self._recorder = recorder
        self._connect = connect
        self._in_memory = in_memory

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Beside":
        return _Beside(self._recorder, self._connect, deepcopy(self._in_memory, memo))

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._recorder.part:
                with self._recorder.environment():
                    getattr(self._connect(), method)(*args, **kwargs)
            with self._recorder.working(None):  # what a robot does in turn, no function does
                return getattr(self._in_memory, method)(*args, **kwargs)

        return call


BESIDE: dict[str, Callable[[], Any]] = {
    "broker": fleet_broker.connect,
    "identities": fleet_identities.connect,
    "revocation": fleet_identities.connect,
}


def _without_adapters(recorder: Recorder, original: Callable[..., Runtime]) -> Callable[..., Runtime]:
    """Ports connect as they do when deployed, to clients that are recorded; so are the keys of tokens read."""

    def make(*args: Any) -> Runtime:
        made = original(*args)
        beside = {name: _Beside(recorder, connect, made.adapters[name]) for name, connect in BESIDE.items()}
        made.adapters.clear()
        made.adapters |= beside
        made.settings = {**made.settings, "MALLBOTS_STAGE": recorder.stage}
        made.token_keys = _read_by(recorder, lambda: recorder.deployed().token_keys(), made.token_keys)
        return made

    return make
