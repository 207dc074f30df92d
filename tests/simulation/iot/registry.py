"""Things, certificates, and what their policy allows: a robot connects as itself, and uses its own topics alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

ACTIVE, REVOKED = "ACTIVE", "REVOKED"
OWN_LEVEL = 3  # of a topic: the client's name, behind interface, version and manufacturer


@dataclass(slots=True)
class Certificate:
    """A certificate of a thing."""

    id: str
    thing: str
    status: str = ACTIVE


def own_topics(client: str, topic: str) -> bool:
    """Whether a topic is one of a client's own, by its fourth level."""
    levels = topic.split("/")
    return len(levels) > OWN_LEVEL and levels[OWN_LEVEL] == client


class Registry:
    """The certificates by their ids. allows: whether a client may use a topic."""

    def __init__(self, allows: Callable[[str, str], bool] = own_topics) -> None:
        self._certificates: dict[str, Certificate] = {}
        self._allows = allows
        self.on_revoked: Callable[[str], None] = lambda certificate: None

    @property
    def certificates(self) -> Mapping[str, Certificate]:
        """All that were issued."""
        return self._certificates

    def issue(self, id: str, thing: str) -> Certificate:
        """Issue an active certificate for a thing; the same again, when it was issued before."""
        return self._certificates.setdefault(id, Certificate(id, thing))

    def revoke(self, thing: str) -> int:
        """Revoke all certificates of a thing; how many there were."""
        revoked = [one for one in self._certificates.values() if one.thing == thing and one.status == ACTIVE]
        for certificate in revoked:
            certificate.status = REVOKED
            self.on_revoked(certificate.id)
        return len(revoked)

    def may_connect(self, client: str, certificate: str) -> bool:
        """Whether a client id may connect with a certificate: it is active, and its thing has the name."""
        found = self._certificates.get(certificate)
        return found is not None and found.status == ACTIVE and found.thing == client

    def may_use(self, client: str, topic: str) -> bool:
        """Whether a client may publish to a topic, or subscribe to it."""
        return self._allows(client, topic)
