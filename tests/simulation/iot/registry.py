"""Things and certificates, and who may connect and use a topic by them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
THING = "${iot:Connection.Thing.ThingName}"
ATTRIBUTES = "iot:ConnectAttributes"


@dataclass(slots=True)
class Certificate:
    """A certificate. made_us: in virtual time. detached_us: when that shows that it lost its thing."""

    id: str
    pem: str
    made_us: int = 0
    status: str = INACTIVE
    things: set[str] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)
    detached_us: int = 0


@dataclass(frozen=True)
class Policy:
    """What every client may do. allowed: resources such as `topic/…`, by action, in which THING is the client's name.

    https://docs.aws.amazon.com/iot/latest/developerguide/thing-policy-variables.html
    https://docs.aws.amazon.com/iot/latest/developerguide/connect-policy.html
    """

    allowed: Mapping[str, Sequence[str]]

    def allows(self, client: str, action: str, resource: str) -> bool:
        """Whether a client may do something to a resource."""
        return any(one.replace(THING, client) == resource for one in self.allowed.get(action, ()))

    def lets_connect(self, client: str, attributes: Sequence[str]) -> bool:
        """Whether a client may connect with such attributes."""
        return self.allows(client, "iot:Connect", f"client/{client}") and {*attributes} <= {*self.allowed[ATTRIBUTES]}


class Registry:
    """The registry. certificates: by their ids. on_loss: called with the id of one that is not valid any more."""

    def __init__(self, policy: Policy) -> None:
        self.certificates: dict[str, Certificate] = {}
        self.things: set[str] = set()
        self.policy = policy
        self.on_loss: Callable[[str], None] = lambda certificate: None

    def issue(self, pem: str, thing: str) -> Certificate:
        """Issue a certificate by which a thing may connect at once."""
        self.things.add(thing)
        certificate = Certificate(pem, pem, status=ACTIVE, things={thing}, policies={"robots"})
        self.certificates[certificate.id] = certificate
        return certificate

    def deactivate(self, certificate: Certificate) -> None:
        """Make a certificate inactive."""
        if certificate.status == ACTIVE:
            certificate.status = INACTIVE
            self.on_loss(certificate.id)

    def may_connect(self, client: str, pem: str) -> str | None:
        """The certificate by which a client id may connect: active, its thing's own, and with a policy; or None."""
        for found in self.certificates.values():
            if found.pem == pem and found.status == ACTIVE and client in found.things and found.policies:
                return found.id
        return None
