"""What AWS answers a request that it throttles, in the protocol of the service that is called.

Names and statuses are those of the services' models, which botocore has. How each protocol carries them is documented
by Smithy: https://smithy.io/2.0/aws/protocols/index.html. SQS adds `x-amzn-query-error`, since it had the query
protocol before: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

MESSAGE = "Rate exceeded"
_SERVICE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([a-z0-9-]+)/aws4_request")

# By the service's name in the signature: the error's name, for services of the JSON protocols its namespace too.
JSON_ERRORS = {
    "dynamodb": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
    "sqs": "com.amazonaws.sqs#RequestThrottled",
    "cognito-idp": "TooManyRequestsException",
}
REST_ERRORS = {
    "lambda": "TooManyRequestsException",
    "execute-api": "LimitExceededException",
    "iot": "ThrottlingException",
    "iotdata": "ThrottlingException",
    "iotdevicegateway": "ThrottlingException",
}
QUERY_ERRORS = {"sns": ("Throttled", 429)}
SNS = "http://sns.amazonaws.com/doc/2010-03-31/"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    reason: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As it is sent."""
        headers = {**self.headers, "content-length": str(len(self.body)), "x-amzn-requestid": str(uuid.uuid4())}
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def service_of(headers: Mapping[str, str]) -> str:
    """The service that a signed request calls, as its signature names it; empty for what is not signed."""
    found = _SERVICE.search(headers.get("authorization", ""))
    return found[1] if found else ""


def throttled(headers: Mapping[str, str]) -> Answer:
    """How a signed request is throttled. headers: the request's, their names in lower case."""
    service = service_of(headers)
    if "x-amz-target" in headers:
        return _json(service, headers.get("content-type", "application/x-amz-json-1.1"))
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _query(service)
    return _rest_xml() if service == "s3" else _rest_json(service)


def gateway_throttled() -> Answer:
    """How an HTTP API throttles.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
    """
    body = json.dumps({"message": "Too Many Requests"}).encode()
    return Answer(429, "Too Many Requests", body, {"content-type": "application/json"})


def _json(service: str, content_type: str) -> Answer:
    error = JSON_ERRORS.get(service, "ThrottlingException")
    headers = {"content-type": content_type}
    if service == "sqs":
        headers["x-amzn-query-error"] = "RequestThrottled;Sender"
    body = json.dumps({"__type": error, "message": MESSAGE}).encode()
    return Answer(400, "Bad Request", body, headers)


def _query(service: str) -> Answer:
    code, status = QUERY_ERRORS.get(service, ("Throttling", 400))
    name_space = f' xmlns="{SNS}"' if service == "sns" else ""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{MESSAGE}</Message></Error>"
    body = f"<ErrorResponse{name_space}>{error}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    return Answer(status, "Too Many Requests", body.encode(), {"content-type": "text/xml"})


def _rest_json(service: str) -> Answer:
    error = REST_ERRORS.get(service, "ThrottlingException")
    said = {
        "message": MESSAGE,
        **({"Reason": "CallerRateLimitExceeded", "Type": "User"} if service == "lambda" else {}),
    }
    headers = {"content-type": "application/json", "x-amzn-errortype": error}
    return Answer(429, "Too Many Requests", json.dumps(said).encode(), headers)


def _rest_xml() -> Answer:
    body = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    return Answer(503, "Slow Down", body.encode(), {"content-type": "application/xml"})
