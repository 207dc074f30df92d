"""Cheap copies of what a service keeps in memory. Commits and members of rows are shared: a change replaces them."""

from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews


def store_copied(store: MemoryEventStore) -> MemoryEventStore:
    """An event store of its own with the same commits."""
    copied = MemoryEventStore()
    copied.items = {stream: dict(commits) for stream, commits in store.items.items()}
    copied.log = store.log[:]
    return copied


def views_copied(views: MemoryViews) -> MemoryViews:
    """Rows of its own with the same members; only counters gain members in place."""
    copied = MemoryViews()
    copied.items = {key: dict(item) for key, item in views.items.items()}
    return copied
