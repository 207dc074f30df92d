"""Who uses a mall: clerks, a kiosk, customers and robots, each by a connection of its own, under its own role."""

from dataclasses import dataclass, field

from clients.credential import Credential
from clients.mall import Mall


@dataclass
class People:
    """The connections of a mall's staff, of one of its kiosks, and of the robots (by id) whose credentials we hold."""

    staff: Mall
    kiosk: Mall
    robots: dict[str, Mall] = field(default_factory=dict)
    on_stream: bool = False
    """Whether the robots are on the robots' stream, where they bring what they are given by themselves."""

    def robot(self, bot_id: str) -> Mall:
        """A robot's own connection; for one that somebody else registered, the staff's, who may act for it."""
        return self.robots.get(bot_id, self.staff)


def session(kiosk: Mall, customer_id: str) -> Credential:
    """A session for a customer whom this kiosk has just registered; it renews itself, for two hours at most."""
    path = f"/api/customers/{customer_id}/sessions"

    def renew(token: str) -> str:
        renewed: str = kiosk.acting(Credential(token)).post(path)["token"]
        return renewed

    return Credential(kiosk.post(path)["token"], renew)


def robots_own(mall: Mall, bot_id: str, token: str) -> Credential:
    """A robot's credential, from the token that staff got for it; it renews itself."""

    def renew(last: str) -> str:
        renewed: str = mall.acting(Credential(last)).post(f"/api/depot/bots/{bot_id}/token")["token"]
        return renewed

    return Credential(token, renew)
