"""Things and certificates, and who may connect and use a topic by them."""

from collections.abc import Callable
from dataclasses import dataclass, field

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
OWN_LEVEL = 3  # of a topic: the client's name, behind interface, version and manufacturer


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


def own_topics(client: str, topic: str) -> bool:
    """Whether a topic is one of a client's own, by its fourth level."""
    levels = topic.split("/")
    return len(levels) > OWN_LEVEL and levels[OWN_LEVEL] == client


class Registry:
    """The registry. certificates: by their ids. on_loss: called with the id of one that is not valid any more."""

    def __init__(self, allows: Callable[[str, str], bool] = own_topics) -> None:
        self.certificates: dict[str, Certificate] = {}
        self.things: set[str] = set()
        self._allows = allows
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

    def may_use(self, client: str, topic: str) -> bool:
        """Whether a client may publish to a topic, or subscribe to it."""
        return self._allows(client, topic)
