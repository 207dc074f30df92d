"""The access matrix, docs/access.md: which role may use which route, and on whose things.

Roles are those that each route declares. Whose things a customer or a robot may use it on, only the use cases know: it
is declared here, by the routes' paths, and tests/contract/rest/test_access.py sends every case of the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.gateway.api import api as gateway
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.rest.routes import Route
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, ROLES, STAFF, Caller

YES, NO = "yes", "403"
OWN = "own; another's 404"  # the path names the thing
NAMED = "own; for another 403"  # the body names whose it is
ALONE = "its own alone"  # a list
REGISTERED = "whom it registered, 10 minutes"

# What a customer or robot may use on its own alone: all routes at and below these paths.
OWNED = {
    CUSTOMER: (
        "/api/baskets/{id}",
        "/api/customers/{id}",
        "/api/ordering/{id}",
        "/api/payments/{id}",
        "/api/payments/invoices/{id}",
        "/api/search/orders/{id}",
    ),
    BOT: ("/api/depot/bots/{id}", "/api/depot/shopping/{id}"),
}
# Routes that are about nobody's things, or whose body or list is judged.
OTHERS = {
    (CUSTOMER, "POST /api/baskets"): NAMED,
    (CUSTOMER, "POST /api/baskets/withItems"): NAMED,
    (CUSTOMER, "POST /api/payments"): NAMED,
    (CUSTOMER, "POST /api/search/orders"): ALONE,
    (BOT, "GET /api/depot/shopping"): ALONE,
    (KIOSK, "POST /api/customers/{id}/sessions"): REGISTERED,
}
SHOWN_TO_ALL = ("/api/stores",)  # about what is nobody's, at and below these paths

INTRO = """# Who may use which route

Made by `make docs` from the routes, and from what [access.py](../infra/documents/access.py) declares of whose things
they are about. [A test](../tests/contract/rest/test_access.py) sends a request for each cell. How each role gets a
token: [Sign in](sign-in.md). Why it is built so: [0039](adr/0039-who-is-asking.md).

- **yes**: on anybody's things. **403**: the role may not use the route. Without a valid token, every route but the
  open ones is 401.
- **own; another's 404**: the caller's own; another's thing is answered as one that does not exist.
- **own; for another 403**: the body names a customer, and it must be the caller.
- **its own alone**: a list shows the caller's own; a filter for another customer is 403.
- **whom it registered, 10 minutes**: a kiosk opens a session for the customer that it has just registered.
"""


@dataclass(frozen=True)
class Access:
    """A route, and what each role may do by it. open: whether it asks for no token."""

    route: str
    open: bool
    may: dict[str, str]


def matrix() -> list[Access]:
    """The access of every route. Raises TypeError for one of which it is not declared whose things it is about."""
    apis = [gateway, *(api for name in services() if (api := manifest(name).api))]
    routes = sorted((route for api in apis for route in api.routes), key=lambda route: (route.path, route.method))
    return [Access(f"{r.method} {r.path}", r.open, {role: _cell(r, role) for role in ROLES}) for r in routes]


def _cell(route: Route, role: str) -> str:
    if route.open:
        return YES
    if not Caller(role, "one").has(*route.may):
        return NO
    if special := OTHERS.get((role, f"{route.method} {route.path}")):
        return special
    if role in (OPERATOR, STAFF, KIOSK) or _under(route.path, SHOWN_TO_ALL):
        return YES
    if _under(route.path, OWNED[role]):
        return OWN
    raise TypeError(f"say in infra/documents/access.py whose things {route.method} {route.path} shows a {role}")


def _under(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(place + "/") for place in places)


def page() -> str:
    """The page, as Markdown."""
    head = ["route", *ROLES, "nobody"]
    rows = [[f"`{a.route}`", *a.may.values(), YES if a.open else "401"] for a in matrix()]
    lines = [head, ["---"] * len(head), *rows]
    return INTRO + "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
