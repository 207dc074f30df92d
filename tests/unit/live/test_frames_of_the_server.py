"""What a client is sent: snapshots, changes, resumes, pongs and errors."""

from tests.unit.live.desk import Desk, batch, order


def test_a_subscription_is_answered_by_a_snapshot_of_each_shard(desk: Desk) -> None:
    batch((order("a"), 1))
    frames = desk.subscribes("orders", "stores")
    assert [(f["type"], f["topic"], f["shard"]) for f in frames] == [
        ("snapshot", "orders", 0),
        ("snapshot", "orders", 1),
        ("snapshot", "orders", 2),
        ("snapshot", "orders", 3),
        ("snapshot", "stores", 0),
    ]
    assert list(desk.client.shows("orders")) == ["a"]
