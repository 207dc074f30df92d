"""Connections to a local mall under every role, and tokens to print."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients import secret_files
from clients.credential import Credential
from clients.mall import Mall, MallError
from clients.people import People
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF
from infra.local.cloud import LocalCloud
from infra.local.seed import key
from infra.local.users import credential, sign_in

SESSION = "customer.json"  # the development customer: its id, and the last token of its session
ROLES = (STAFF, OPERATOR, KIOSK, CUSTOMER, BOT)


@contextmanager
def at_work(cloud: LocalCloud) -> Iterator[People]:
    """The clerk and the kiosk of a local mall that is up; its robots come with their registration."""
    with Mall(cloud.api, credential(cloud, STAFF)) as staff:
        yield People(staff, staff.acting(credential(cloud, KIOSK)))


def token(cloud: LocalCloud, role: str) -> str:
    """A fresh token of a role: of a development user, of the development robot, or of the development customer."""
    if role not in (CUSTOMER, BOT):
        return sign_in(cloud, role)
    with at_work(cloud) as who:
        return _robot(who) if role == BOT else customer(cloud, who)["token"]


def tokens(cloud: LocalCloud) -> dict[str, str]:
    """A fresh token of every role, and the customer's id."""
    with at_work(cloud) as who:
        found = {role: sign_in(cloud, role) for role in (KIOSK, STAFF, OPERATOR)}
        session = customer(cloud, who)
        return {**found, BOT: _robot(who), CUSTOMER: session["token"], "customerId": session["id"]}


def customer(cloud: LocalCloud, who: People) -> dict[str, str]:
    """The development customer's id and a token of its session; a new customer where the session has ended."""
    file = cloud.state / SESSION
    session = _renewed(who.kiosk, file) or _registered(who.kiosk)
    secret_files.write(file, session)
    return session


def _renewed(kiosk: Mall, file: Path) -> dict[str, str]:
    saved = secret_files.read(file)
    if not saved:
        return {}
    try:
        renewed = kiosk.acting(Credential(saved["token"])).post(f"/api/customers/{saved['id']}/sessions")
    except MallError as error:
        if error.status not in (401, 403, 404):
            raise
        return {}
    return {"id": saved["id"], "token": renewed["token"]}


def _registered(kiosk: Mall) -> dict[str, str]:
    made: str = kiosk.post("/api/customers", {"name": "Ada Reyes", "smsNumber": "+15550100"})["id"]
    return {"id": made, "token": kiosk.post(f"/api/customers/{made}/sessions")["token"]}


def _robot(who: People) -> str:
    """The development robot's token. It is registered again under the same key, which revokes no other token."""
    made: str = who.staff.post("/api/depot/bots", {"name": "Try me"}, key=key("robot to try"))["token"]
    return made
