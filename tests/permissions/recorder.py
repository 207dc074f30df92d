"""A recorder: clients of the SDK that note, for the function at work, what they are asked, as IAM judges it."""

import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from functions.kernel.composition.container import Clients, compose
from functions.kernel.runtime import budget, runtime, token_keys
from functions.kernel.runtime.runtime import Runtime
from tests.infra.policies import HERE
from tests.permissions.roles import Call, Role
from tests.support.iot import a_certificate
from tests.support.runtime import TOKEN_KEY

A_ROBOT, ROBOTS_ID = "0193c1a2-7b7e-7cc1-b1d5-3f0a5a4f0001", re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
A_MAPPING = f"arn:aws:lambda:{HERE}:event-source-mapping:1"  # a mapping's id is made with it
A_CERTIFICATE = hashlib.sha256(b"a certificate").hexdigest()
WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}

Answer = Callable[[Mapping[str, Any]], dict[str, Any]]

# What owners say that everybody may act.
ALL_IS_WELL = {
    "FindCustomerStatus": {"customer_id": "somebody", "enabled": True},
    "FindBotCredential": {"bot_id": "somebody", "generation": 1},
}


def _answered(request: Mapping[str, Any]) -> dict[str, Any]:
    known = ALL_IS_WELL.get(json.loads(request["Payload"]).get("query"))
    return {"Payload": io.BytesIO(json.dumps({"answer": known} if known else {}).encode())}


ANSWERS: dict[str, Answer] = {
    "query": lambda request: {"Items": []},
    "scan": lambda request: {"Items": [], "ScannedCount": 0},
    "describe_table": lambda request: {"Table": {}},
    "batch_get_item": lambda request: {"Responses": {}, "UnprocessedKeys": {}},
    "put_events": lambda request: {"Entries": [{"EventId": "1"} for _ in request["Entries"]]},
    "invoke": _answered,
    "get_secret_value": lambda request: {"SecretString": "a key", "VersionId": "1"},
    "put_secret_value": lambda request: {"VersionId": "1"},
    "get_parameter": lambda request: {"Parameter": {"Value": token_keys.jwks([TOKEN_KEY])}},
    "admin_get_user": lambda request: {
        "Enabled": True,
        "UserAttributes": [{"Name": "sub", "Value": request["Username"]}],
    },
    "admin_list_groups_for_user": lambda request: {"Groups": [{"GroupName": "staff"}]},
}


# What the adapters get of KMS, which nobody reads.
KMS = {"Plaintext": bytes(32), "CiphertextBlob": b"a key"}
ANSWERS |= {
    "list_event_source_mappings": lambda request: {"EventSourceMappings": []},
    "update_event_source_mapping": lambda request: {"State": "Disabling"},
    "get_queue_attributes": lambda request: {"Attributes": dict.fromkeys(request["AttributeNames"], "0")},
}
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
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
            queue = request["QueueUrl"].rpartition("/")[2]
            yield Call(f"sqs:{action.removesuffix('Batch')}", f"arn:aws:sqs:{HERE}:{queue}")
        case "events", "put_events":
            for entry in request["Entries"]:
                # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
                keys = (("events:source", entry["Source"]), ("events:detail-type", entry["DetailType"]))
                yield Call("events:PutEvents", _bus(entry["EventBusName"]), keys)
        case "events", "describe_event_bus":
            yield Call("events:DescribeEventBus", _bus(request["Name"]))
        case "lambda", "invoke":
            yield Call("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:{request['FunctionName']}")
        case "lambda", "list_event_source_mappings":
            yield Call(f"lambda:{action}", "*")
        case "lambda", "update_event_source_mapping":
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
            function = f"arn:aws:lambda:{HERE}:function:mallbots-dev-{request['UUID'].replace('/', '-')}"
            yield Call(f"lambda:{action}", A_MAPPING, (("lambda:FunctionArn", function),))
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
            yield Call("iot:Publish", f"arn:aws:iot:{HERE}:topic/{_of_any_robot(request['topic'])}")
        case "iot-data", "delete_connection":
            yield Call(f"iot:{action}", f"arn:aws:iot:{HERE}:client/{_of_any_robot(request['clientId'])}")
        case "iot", "create_certificate_from_csr":
            yield Call(f"iot:{action}", "*")
        case "iot", _:
            yield Call(f"iot:{action}", _of_registry(request))
        case _:
            raise NotImplementedError(f"say how IAM judges {operation} of {service}")


def _of_registry(request: Mapping[str, Any]) -> str:
    """What a call is judged by: the certificate that it names, any of which stands for all, or the thing.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
    """
    if request.keys() & {"certificateId", "target", "principal"}:
        return f"arn:aws:iot:{HERE}:cert/{A_CERTIFICATE}"
    return f"arn:aws:iot:{HERE}:thing/{_of_any_robot(request['thingName'])}"


def _of_any_robot(text: str) -> str:
    """A text in which one robot stands for all."""
    return ROBOTS_ID.sub(A_ROBOT, text)


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

    meta = SimpleNamespace(
        events=SimpleNamespace(register_first=lambda *_: None),
        config=SimpleNamespace(connect_timeout=budget.CONNECT, read_timeout=budget.READ),
    )

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
