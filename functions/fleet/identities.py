"""The port to robots' identities: things and certificates of AWS IoT Core.

A certificate is made inactive and made active last, so one whose making was cut short is of no use; a request that
comes a minute later removes it: till then it may be another's, who is about to make it active. The same key gets the
same certificate again, so a request may be repeated. Two active certificates of a robot stay, the newest: the robot
goes on by the old one until it has the new one.

A certificate is deleted once it has no thing, and without a thing it cannot be found. So who revokes all keeps their
names before.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from functions.fleet.broker import data_client
from functions.fleet.signing_requests import SigningRequest, certifies
from functions.kernel.domain.errors import InvalidError, UnavailableError
from functions.kernel.runtime import budget, clock, observe
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.trial import accepts

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient

KEPT = 2  # active certificates of one robot
GONE, ATTACHED, REFUSED = "ResourceNotFoundException", "DeleteConflictException", "InvalidRequestException"
# Seconds, before certificates that were detached a moment ago are deleted again: that takes several seconds to show.
# https://docs.aws.amazon.com/iot/latest/apireference/API_DetachThingPrincipal.html
PAUSES = (0.5, 1.0, 2.0, 4.0)

UNDER_WAY = timedelta(minutes=1)  # longer than the request is at work that makes a certificate

Keep = Callable[[Sequence[str]], object]


class Revocation(Protocol):
    """To take from robots by what the broker knows them."""

    def revoke(self, bot_id: str, known: Sequence[str] = (), keep: Keep = lambda arns: None) -> None:
        """Revoke all certificates of a robot, end its connection and forget it; one that is not known has none.

        known: certificates (ARNs) that an earlier call could not delete. keep: is told of all that there are, before
        any of them is detached and cannot be found any more. Raises UnavailableError, after which it can be repeated.
        """


class Identities(Revocation, Protocol):
    """By what robots are known to the broker."""

    def issue(self, bot_id: str, request: SigningRequest) -> str:
        """A certificate (PEM) by which a robot may connect; the same again for the same key.

        The newest two of a robot stay, older ones are revoked. Raises InvalidError for a request that is refused, and
        UnavailableError, after which the request can be repeated.
        """


@dataclass(frozen=True)
class _Certificate:
    arn: str
    pem: str
    active: bool
    made: datetime


class IotIdentities:
    """Identities of AWS IoT Core.

    client: boto3's `iot`. policy: the name of the policy that every robot has. data: boto3's `iot-data`, which ends
    connections; without it one lasts for minutes.
    """

    def __init__(self, client: "IoTClient", policy: str, data: "IoTDataPlaneClient | None" = None) -> None:
        self._client = client
        self._policy = policy
        self._data = data

    def issue(self, bot_id: str, request: SigningRequest) -> str:
        with _asking_again():
            self._client.create_thing(thingName=bot_id)  # accepted again while it is the same
            there = [self._described(arn) for arn in self._principals(bot_id)]
            made = next((one for one in there if one.active and certifies(one.pem, request)), None)
            if made is None:
                made = self._make(bot_id, request)
            self._tidy(bot_id, made, there)
        return made.pem

    def revoke(self, bot_id: str, known: Sequence[str] = (), keep: Keep = lambda arns: None) -> None:
        with _asking_again():
            arns = sorted({*known, *self._principals(bot_id)})
            if arns:
                keep(arns)
            for arn in arns:
                self._deactivate(arn)
            left = self._remove(bot_id, arns)
            self._end_connection(bot_id)
            # A thing that does not exist is deleted without an error:
            # https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteThing.html
            self._client.delete_thing(thingName=bot_id)
        if left:
            raise UnavailableError("robots' certificates cannot be deleted yet: ask again in a moment")

    def _principals(self, bot_id: str) -> Iterator[str]:
        """The ARNs of all certificates that are attached to a thing; none where it does not exist."""
        more: dict[str, str] = {}
        while True:
            try:
                page = self._client.list_thing_principals(thingName=bot_id, **more)  # type: ignore[arg-type]
            except ClientError as error:
                if _code(error) == GONE:
                    return
                raise
            yield from page["principals"]
            if not page.get("nextToken"):
                return
            more = {"nextToken": page["nextToken"]}

    def _described(self, arn: str) -> _Certificate:
        found = self._client.describe_certificate(certificateId=_id(arn))["certificateDescription"]
        return _Certificate(arn, found["certificatePem"], found["status"] == "ACTIVE", found["creationDate"])

    def _make(self, bot_id: str, request: SigningRequest) -> _Certificate:
        """A certificate, attached before anything else: what is not cannot be found again, to be removed."""
        with _refusing("csr: AWS IoT refuses this request: make another"):
            made = self._client.create_certificate_from_csr(certificateSigningRequest=request.pem, setAsActive=False)
        arn = made["certificateArn"]
        self._client.attach_thing_principal(thingName=bot_id, principal=arn)
        self._client.attach_policy(policyName=self._policy, target=arn)
        self._client.update_certificate(certificateId=made["certificateId"], newStatus="ACTIVE")
        return _Certificate(arn, made["certificatePem"], active=True, made=clock.now())

    def _tidy(self, bot_id: str, made: _Certificate, there: Sequence[_Certificate]) -> None:
        """Remove what was cut short, and of the active ones all but the one asked for and the newest of the others."""
        active = [one for one in there if one.active and one.arn != made.arn]
        newest = sorted(active, key=lambda one: (one.made, one.arn), reverse=True)
        kept = {one.arn for one in (made, *newest[: KEPT - 1])}
        now = clock.now()
        gone = [one.arn for one in there if one.arn not in kept and (one.active or now - one.made >= UNDER_WAY)]
        for arn in gone:
            self._deactivate(arn)
        for arn in self._remove(bot_id, gone):
            why = UnavailableError("AWS still counts it as attached")
            observe.log_error(f"certificate {_id(arn)} is inactive, and cannot be deleted yet", why)

    def _deactivate(self, arn: str) -> None:
        """Make a certificate of no use. AWS ends the connections that were made by it, within a few minutes.

        https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html
        """
        _unless_gone(lambda: self._client.update_certificate(certificateId=_id(arn), newStatus="INACTIVE"))

    def _remove(self, bot_id: str, arns: Sequence[str]) -> list[str]:
        """Delete certificates that are inactive, and return those that still count as attached to a thing.

        https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteCertificate.html
        """
        for arn in arns:
            _unless_gone(partial(self._client.detach_policy, policyName=self._policy, target=arn))
            _unless_gone(partial(self._client.detach_thing_principal, thingName=bot_id, principal=arn))
        left = [arn for arn in arns if not self._is_deleted(arn)]
        for pause in PAUSES:
            if not left or budget.left() < pause + budget.MESSAGE:
                break
            clock.wait(pause)
            left = [arn for arn in left if not self._is_deleted(arn)]
        return left

    def _is_deleted(self, arn: str) -> bool:
        """Delete a certificate, unless it is still attached."""
        try:
            _unless_gone(lambda: self._client.delete_certificate(certificateId=_id(arn), forceDelete=True))
        except ClientError as error:
            if _code(error) == ATTACHED:
                return False
            raise
        return True

    def _end_connection(self, bot_id: str) -> None:
        """Cut off a robot that has no certificate any more, drop its session, and do not publish its will.

        https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_DeleteConnection.html
        """
        if data := self._data:
            _unless_gone(lambda: data.delete_connection(clientId=bot_id, cleanSession=True, preventWillMessage=True))


def _unless_gone(call: Callable[[], object]) -> None:
    """Call AWS; what is gone already is as it should be."""
    try:
        call()
    except ClientError as error:
        if _code(error) != GONE:
            raise


@contextmanager
def _asking_again() -> Iterator[None]:
    """Calls of AWS that fail for whatever reason can be repeated, and are then done to the end."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        observe.log_error("robots' certificates cannot be changed", error)
        raise UnavailableError("robots' certificates cannot be changed now: ask again in a moment") from error


@contextmanager
def _refusing(why: str) -> Iterator[None]:
    """A call that AWS may refuse for what it was given."""
    try:
        yield
    except ClientError as error:
        if _code(error) != REFUSED:
            raise
        raise InvalidError(why) from error


def _id(arn: str) -> str:
    """The id of a certificate, which is the end of its ARN."""
    return arn.rpartition("/")[2]


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def connect() -> IotIdentities:
    """Identities of this stage, whose policy ROBOTS_POLICY names."""
    return IotIdentities(_client(), os.environ["ROBOTS_POLICY"])


def connect_to_revoke() -> IotIdentities:
    """The same with what ends connections."""
    return IotIdentities(_client(), os.environ["ROBOTS_POLICY"], data_client())


def _client() -> "IoTClient":
    client: IoTClient = budget.guard(boto3.client("iot", config=budget.config()))
    return client


# Two ports, because who revokes may not issue.
identities: Port[Identities] = Port("identities", connect=connect)
revocation: Port[Revocation] = Port("revocation", connect=connect_to_revoke, in_trial=accepts("revoke"))
