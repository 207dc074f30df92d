"""The client of `iot`: things, certificates from signing requests, and policies, as far as fleet uses them.

All robots here have one key, so that no schedule needs time for signatures: certificates differ by their ids.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.simulation.containers import BEGIN
from tests.simulation.iot.registry import ACTIVE, Certificate, Registry
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World, client_error

SIGNING_REQUEST, PEM = (Path(__file__).with_name(f"robot.{kind}").read_text() for kind in ("csr", "pem"))
ARN = "arn:aws:iot:eu-central-1:123456789012:cert/"
TARGET = "iot"
# "several seconds", until a detachment shows:
# https://docs.aws.amazon.com/iot/latest/apireference/API_DetachThingPrincipal.html
DETACHES = 5 * SECOND


class IotClient:
    """One container's client."""

    def __init__(self, registry: Registry, world: World, wire: Wire) -> None:
        self._registry, self._world, self._wire = registry, world, wire

    def create_thing(self, *, thingName: str) -> dict[str, Any]:
        """Create a thing; it may be there already."""
        return self._call("CreateThing", lambda: self._registry.things.add(thingName))

    def delete_thing(self, *, thingName: str) -> dict[str, Any]:
        """Delete a thing without principals; it may be gone already."""

        def effect() -> None:
            if any(thingName in one.things for one in self._registry.certificates.values()):
                raise client_error("InvalidRequestException", "the thing has principals", "DeleteThing")
            self._registry.things.discard(thingName)

        return self._call("DeleteThing", effect)

    def list_thing_principals(self, *, thingName: str) -> dict[str, Any]:
        """List the certificates of a thing."""

        def effect() -> dict[str, Any]:
            if thingName not in self._registry.things:
                raise client_error("ResourceNotFoundException", "no such thing", "ListThingPrincipals", status=404)
            attached = [one for one in self._registry.certificates.values() if thingName in one.things]
            return {"principals": [ARN + one.id for one in attached]}

        return self._call("ListThingPrincipals", effect)

    def create_certificate_from_csr(self, *, certificateSigningRequest: str, setAsActive: bool) -> dict[str, Any]:
        """Sign a request."""

        def effect() -> dict[str, Any]:
            if certificateSigningRequest != SIGNING_REQUEST:
                raise client_error(
                    "InvalidRequestException", "this model knows one request", "CreateCertificateFromCsr"
                )
            made = Certificate(self._world.number("certificate"), PEM, self._world.scheduler.now_us)
            made.status = ACTIVE if setAsActive else made.status
            self._registry.certificates[made.id] = made
            return {"certificateArn": ARN + made.id, "certificateId": made.id, "certificatePem": PEM}

        return self._call("CreateCertificateFromCsr", effect)

    def describe_certificate(self, *, certificateId: str) -> dict[str, Any]:
        """Show a certificate."""

        def effect() -> dict[str, Any]:
            one = self._find(certificateId, "DescribeCertificate")
            made = BEGIN + timedelta(microseconds=one.made_us)
            shown = {"certificatePem": one.pem, "status": one.status, "creationDate": made}
            return {"certificateDescription": shown}

        return self._call("DescribeCertificate", effect)

    def update_certificate(self, *, certificateId: str, newStatus: str) -> dict[str, Any]:
        """Make a certificate active or not."""

        def effect() -> None:
            one = self._find(certificateId, "UpdateCertificate")
            if newStatus == ACTIVE:
                one.status = ACTIVE
            else:
                self._registry.deactivate(one)

        return self._call("UpdateCertificate", effect)

    def attach_thing_principal(self, *, thingName: str, principal: str) -> dict[str, Any]:
        """Attach a certificate to a thing."""

        def effect() -> None:
            if thingName not in self._registry.things:
                raise client_error("ResourceNotFoundException", "no such thing", "AttachThingPrincipal", status=404)
            self._find(principal, "AttachThingPrincipal").things.add(thingName)

        return self._call("AttachThingPrincipal", effect)

    def detach_thing_principal(self, *, thingName: str, principal: str) -> dict[str, Any]:
        """Detach a certificate from a thing, which takes effect a moment later; of what is detached nothing changes."""

        def effect() -> None:
            one = self._find(principal, "DetachThingPrincipal")
            if thingName not in one.things:
                return
            one.things.discard(thingName)
            seconds = self._world.choices.seconds(0.0, DETACHES / SECOND, "a certificate is still attached")
            one.detached_us = self._world.scheduler.now_us + int(seconds * SECOND)

        return self._call("DetachThingPrincipal", effect)

    def attach_policy(self, *, policyName: str, target: str) -> dict[str, Any]:
        """Give a certificate a policy."""
        return self._call("AttachPolicy", lambda: self._find(target, "AttachPolicy").policies.add(policyName))

    def detach_policy(self, *, policyName: str, target: str) -> dict[str, Any]:
        """Take a policy from a certificate."""
        return self._call("DetachPolicy", lambda: self._find(target, "DetachPolicy").policies.discard(policyName))

    def delete_certificate(self, *, certificateId: str, forceDelete: bool) -> dict[str, Any]:
        """Delete an inactive certificate that is attached to nothing."""

        def effect() -> None:
            one = self._find(certificateId, "DeleteCertificate")
            if one.status == ACTIVE:
                raise client_error("CertificateStateException", "it is active", "DeleteCertificate")
            if one.things or self._world.scheduler.now_us < one.detached_us:
                raise client_error("DeleteConflictException", "it is attached to a thing", "DeleteCertificate")
            del self._registry.certificates[certificateId]

        return self._call("DeleteCertificate", effect)

    def _find(self, name: str, operation: str) -> Certificate:
        id = name.rpartition("/")[2]
        if id not in self._registry.certificates:
            raise client_error("ResourceNotFoundException", "no such certificate", operation, status=404)
        return self._registry.certificates[id]

    def _call(self, operation: str, effect: Callable[[], Any]) -> dict[str, Any]:
        answer = self._wire.call(operation, TARGET, effect)
        return answer if isinstance(answer, dict) else {}
