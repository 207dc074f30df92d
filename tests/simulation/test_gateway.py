"""The simulated gateway: it asks the authorizer about a token of the mall's own, and keeps the answer for a minute."""

from collections.abc import Callable

import pytest

from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.faults import Faults
from tests.simulation.gateway import Response
from tests.simulation.holdings import held
from tests.simulation.workload.forgers import FORGERIES, LIFE, OF_ROBOTS, at_other_times, forged, right

KIOSK, STAFF = "kiosk:1", "staff:1"


class Visit:
    """Requests to a mall without faults, in which a customer and a robot have just got their tokens."""

    def __init__(self) -> None:
        choices = Choices(1)
        self.cloud = Cloud(choices, Faults(choices))

    def run(self, work: Callable[[], None]) -> None:
        """Let both enter, and do this."""

        def all_of_it() -> None:
            self.customer = self.send("POST", "/api/customers", {"name": "Ada", "smsNumber": "+15550100"}, KIOSK)["id"]
            self.session = self.send("POST", f"/api/customers/{self.customer}/sessions", None, KIOSK)["token"]
            registered = self.send("POST", "/api/depot/bots", {"name": "Ajax"}, STAFF)
            self.robot, self.credential = registered["id"], registered["token"]
            work()

        task = self.cloud.spawn(all_of_it)
        self.cloud.run(3_600.0, enough=lambda: task.done)
        assert task.done

    def send(self, method: str, path: str, body: object, who: str) -> dict[str, str]:
        answer = self.cloud.request(method, path, body, who=who)
        assert answer.status == 200, answer
        found: dict[str, str] = answer.body
        return found

    def by_token(self, method: str, path: str, token: str) -> Response:
        """A request that proves its caller with a token alone."""
        return self.cloud.request(method, path, headers={"Authorization": f"Bearer {token}"}, who="")

    @property
    def asked(self) -> list[bool]:
        """For each request with a token, whether the gateway asked the authorizer."""
        return [not fields["cached"] for _, kind, fields in self.cloud.history.entries if kind == "authorized"]


@pytest.fixture
def visit() -> Visit:
    return Visit()


def test_a_token_says_who_is_asking(visit: Visit) -> None:
    def work() -> None:
        assert visit.by_token("GET", f"/api/customers/{visit.customer}", visit.session).status == 200
        assert visit.by_token("PUT", f"/api/depot/bots/{visit.robot}/online", visit.credential).status == 200
        assert visit.by_token("PUT", f"/api/depot/bots/{visit.robot}/online", visit.session).status == 403
        assert visit.by_token("GET", f"/api/customers/{visit.customer}", "made up").status == 401

    visit.run(work)
    stored = [f["item"] for _, kind, f in visit.cloud.history.entries if kind == "commit" and "Bot#" in f["key"][0]]
    assert [item["actor"]["S"] for item in stored] == [STAFF, f"bot:{visit.robot}"]


def test_what_the_authorizer_says_of_a_token_is_kept_for_60_seconds(visit: Visit) -> None:
    def work() -> None:
        for pause in (0, 30, 29, 10, 0):
            visit.cloud.sleep(pause)
            visit.by_token("GET", "/api/stores", visit.session)

    visit.run(work)
    assert visit.asked == [True, False, False, True, False]


@pytest.mark.parametrize(("method", "change"), [("PUT", "/disable"), ("DELETE", "")])
def test_a_session_ends_60_seconds_after_its_customer_is_disabled_or_erased(
    visit: Visit, method: str, change: str
) -> None:
    def work() -> None:
        assert visit.by_token("GET", "/api/stores", visit.session).status == 200
        visit.send(method, f"/api/customers/{visit.customer}{change}", None, STAFF)
        visit.cloud.sleep(50)
        assert visit.by_token("GET", "/api/stores", visit.session).status == 200
        visit.cloud.sleep(10)
        assert visit.by_token("GET", "/api/stores", visit.session).status == 401

    visit.run(work)


def test_a_robots_token_ends_60_seconds_after_staff_issue_another_which_counts_at_once(visit: Visit) -> None:
    def work() -> None:
        path = f"/api/depot/bots/{visit.robot}"
        assert visit.by_token("PUT", f"{path}/online", visit.credential).status == 200
        another = visit.send("POST", f"{path}/token", None, STAFF)["token"]
        assert visit.by_token("PUT", f"{path}/online", another).status == 200
        assert visit.by_token("POST", f"{path}/token", visit.credential).status == 401
        visit.cloud.sleep(60)
        assert visit.by_token("PUT", f"{path}/online", visit.credential).status == 401
        assert visit.by_token("PUT", f"{path}/online", another).status == 200

    visit.run(work)


def test_a_session_is_over_after_15_minutes(visit: Visit) -> None:
    def work() -> None:
        visit.cloud.sleep(890)
        assert visit.by_token("GET", "/api/stores", visit.session).status == 200
        visit.cloud.sleep(61)
        assert visit.by_token("GET", "/api/stores", visit.session).status == 401

    visit.run(work)


def test_a_forged_token_is_right_but_for_one_thing(visit: Visit) -> None:
    def work() -> None:
        now, customer = visit.cloud.now(), f"/api/customers/{visit.customer}"
        online = f"/api/depot/bots/{visit.robot}/online"
        as_it_is = at_other_times(0, LIFE)
        assert visit.by_token("GET", customer, as_it_is(right("customer", visit.customer, now))).status == 200
        assert visit.by_token("PUT", online, as_it_is(right("bot", visit.robot, now))).status == 200
        for how in FORGERIES:
            if how != "too long for a robot":
                assert (
                    visit.by_token("GET", customer, forged(how, right("customer", visit.customer, now))).status == 401
                )
        for how in ("too long for a robot", *OF_ROBOTS):
            assert visit.by_token("PUT", online, forged(how, right("bot", visit.robot, now))).status == 401

    visit.run(work)


def test_a_token_that_cannot_be_checked_is_answered_with_503(visit: Visit) -> None:
    def work() -> None:
        visit.cloud.stop("customers")
        assert visit.by_token("GET", "/api/stores", visit.session).status == 503
        visit.cloud.start("customers")
        visit.cloud.sleep(60)
        assert visit.by_token("GET", "/api/stores", visit.session).status == 200

    visit.run(work)


def test_an_authorizer_that_does_not_run_is_answered_with_5xx_and_asked_again(visit: Visit) -> None:
    def work() -> None:
        visit.cloud.functions["gateway/authorizer"].stopped = True
        assert visit.by_token("GET", "/api/stores", visit.session).status == 500
        visit.cloud.functions["gateway/authorizer"].stopped = False
        assert visit.by_token("GET", "/api/stores", visit.session).status == 200

    visit.run(work)


def test_the_audit_of_staff_is_among_what_is_searched_for_names_and_numbers(visit: Visit) -> None:
    """Of both customers' erasures, that which staff asked for is in it, by the customer's id alone."""

    def work() -> None:
        other = visit.send("POST", "/api/customers", {"name": "Bo Lind", "smsNumber": "+15550101"}, STAFF)["id"]
        visit.send("DELETE", f"/api/customers/{other}", None, f"customer:{other}")
        visit.send("DELETE", f"/api/customers/{visit.customer}", None, STAFF)

    visit.run(work)
    rows = [row for where, row in held(visit.cloud) if where == "operations/audit"]
    erasures = [row["path"]["S"] for row in rows if row["action"]["S"] == "DELETE /api/customers/{id}"]
    assert erasures == [f"/api/customers/{visit.customer}"] * 2
    assert {row["actor"]["S"] for row in rows} == {STAFF}
    assert not [told for told in ("Ada", "Bo Lind", "+15550100", "+15550101") if told in str(rows)]
