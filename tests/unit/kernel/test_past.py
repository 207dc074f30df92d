"""What a relay tells of a stream: its commits, and its aggregate as it was."""

from functions.kernel.eventstore import relay
from functions.kernel.runtime.runtime import active
from tests.flow.shopper import Shopper, open_a_store
from tests.support.mall import Mall

MANY = 60  # commits, which have more than a page


def asked(mall: Mall, service: str, request: dict[str, object]) -> dict[str, object]:
    with active(mall.runtimes[service]):
        return relay.serve(request)


def test_commits_come_in_pages_and_every_one_once() -> None:
    mall = Mall()
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    for cents in range(MANY):
        path = f"/api/stores/products/{cable}/increasePrice"
        assert mall.request("PUT", path, {"price": 10 + cents}).status == 200
    stream, after, versions = f"Product#{cable}", 0, list[int]()
    while True:
        page = asked(mall, "stores", {"commits": {"stream": stream, "after": after, "limit": 25}})
        versions += [commit["version"] for commit in page["commits"]]  # type: ignore[attr-defined]
        if page["next"] is None:
            break
        after = page["next"]  # type: ignore[assignment]
    assert versions == list(range(1, MANY + 2))


def test_a_stream_of_no_aggregate_and_one_that_is_not_there_have_no_state() -> None:
    mall = Mall()
    order = Shopper(mall).registers().customer_id
    for stream in (f"ApproveOrder#{order}", f"Order#{order}"):
        assert asked(mall, "ordering", {"state": {"stream": stream}}) == {"version": 0, "state": None}
        assert asked(mall, "ordering", {"commits": {"stream": stream}}) == {"commits": [], "next": None}
