"""The registry of AWS IoT Core in this process: things, certificates that it signs, and what it refuses.

moto's signs another key than that of the request, and refuses nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

REGISTRY = "arn:aws:iot:eu-west-1:123456789012"
PAGE = 2  # principals on a page, of which AWS has up to 250
NOT_FOUND, CONFLICT, INVALID = "ResourceNotFoundException", "DeleteConflictException", "InvalidRequestException"


def signing_request(key: Any = None, name: str = "robot") -> str:
    """A signing request in PEM, of a new key if none is given."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(key or new_key(), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    """A robot's key."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _authority() -> ec.EllipticCurvePrivateKey:
    return new_key()


def _signed(request: x509.CertificateSigningRequest, now: datetime) -> x509.Certificate:
    return x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS IoT Certificate")]),
        subject_name=request.subject,
        public_key=request.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now,
        not_valid_after=datetime(2049, 12, 31, tzinfo=UTC),
    ).sign(_authority(), hashes.SHA256())


@cache
def a_certificate() -> str:
    """A certificate in PEM, of a key that no robot has."""
    request = x509.load_pem_x509_csr(signing_request().encode())
    return _signed(request, datetime(2030, 1, 1, tzinfo=UTC)).public_bytes(Encoding.PEM).decode()


@dataclass
class Certificate:
    """A certificate that the registry signed."""

    pem: str
    made: datetime
    status: str = "INACTIVE"
    policies: set[str] = field(default_factory=set)
    things: set[str] = field(default_factory=set)


class FakeIot:
    """boto3's `iot`, as far as identities need it. A call may be told to fail before or after it took effect."""

    def __init__(self) -> None:
        self.things: set[str] = set()
        self.certificates: dict[str, Certificate] = {}
        self.conflicts = 0
        """How many deletions find a certificate still attached, since to detach one takes a moment."""
        self.fails: Callable[[str, int, str], bool] = lambda operation, number, moment: False
        self.connections: set[str] = set()
        """The clients that are connected, for `delete_connection` of boto3's `iot-data`."""
        self.wills: list[str] = []
        self._calls = 0
        self._now = datetime(2030, 1, 1, tzinfo=UTC)

    def usable(self, thing: str) -> list[str]:
        """The certificates by which a client could connect as a thing, and use topics."""
        found = self.certificates.values()
        return [one.pem for one in found if one.status == "ACTIVE" and one.policies and thing in one.things]

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        try:
            work = object.__getattribute__(self, f"_{operation}")
        except AttributeError:
            raise AttributeError(operation) from None

        def call(**given: Any) -> Any:
            self._calls += 1
            number = self._calls
            if self.fails(operation, number, "before"):
                raise refusal("InternalFailureException")
            answer = work(**given)
            if self.fails(operation, number, "after"):
                raise refusal("InternalFailureException")
            return answer

        return call

    def _delete_connection(self, clientId: str, cleanSession: bool, preventWillMessage: bool) -> None:
        assert cleanSession
        if clientId not in self.connections:
            raise refusal(NOT_FOUND)
        self.connections.discard(clientId)
        if not preventWillMessage:
            self.wills.append(clientId)

    def _create_thing(self, thingName: str) -> Any:
        self.things.add(thingName)
        return {"thingName": thingName}

    def _delete_thing(self, thingName: str) -> Any:
        if any(thingName in one.things for one in self.certificates.values()):
            raise refusal(INVALID, f"Cannot delete. Thing {thingName} is still attached to one or more principals")
        self.things.discard(thingName)
        return {}

    def _list_thing_principals(self, thingName: str, nextToken: str = "0") -> Any:
        if thingName not in self.things:
            raise refusal(NOT_FOUND)
        arns = [f"{REGISTRY}:cert/{id}" for id, one in self.certificates.items() if thingName in one.things]
        begin, end = int(nextToken), int(nextToken) + PAGE
        return {"principals": arns[begin:end], **({"nextToken": str(end)} if end < len(arns) else {})}

    def _create_certificate_from_csr(self, certificateSigningRequest: str, setAsActive: bool) -> Any:
        assert not setAsActive
        self._now += timedelta(minutes=1)
        made = _signed(x509.load_pem_x509_csr(certificateSigningRequest.encode()), self._now)
        pem = made.public_bytes(Encoding.PEM).decode()
        id = sha256(made.public_bytes(Encoding.DER)).hexdigest()
        self.certificates[id] = Certificate(pem, self._now)
        return {"certificateArn": f"{REGISTRY}:cert/{id}", "certificateId": id, "certificatePem": pem}

    def _describe_certificate(self, certificateId: str) -> Any:
        one = self._found(certificateId)
        return {"certificateDescription": {"certificatePem": one.pem, "status": one.status, "creationDate": one.made}}

    def _update_certificate(self, certificateId: str, newStatus: str) -> None:
        self._found(certificateId).status = newStatus

    def _attach_policy(self, policyName: str, target: str) -> None:
        self._found(target).policies.add(policyName)

    def _detach_policy(self, policyName: str, target: str) -> None:
        self._found(target).policies.discard(policyName)

    def _attach_thing_principal(self, thingName: str, principal: str) -> None:
        assert thingName in self.things
        self._found(principal).things.add(thingName)

    def _detach_thing_principal(self, thingName: str, principal: str) -> None:
        self._found(principal).things.discard(thingName)

    def _delete_certificate(self, certificateId: str, forceDelete: bool) -> None:
        one = self._found(certificateId)
        self.conflicts -= 1
        if self.conflicts >= 0 or one.things or one.status == "ACTIVE" or (one.policies and not forceDelete):
            raise refusal(CONFLICT)
        del self.certificates[certificateId]

    def _found(self, certificate: str) -> Certificate:
        try:
            return self.certificates[certificate.rpartition("/")[2]]
        except KeyError:
            raise refusal(NOT_FOUND) from None


def refusal(code: str, message: str = "") -> ClientError:
    """An error of AWS as boto3 raises it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "AnOperation")
