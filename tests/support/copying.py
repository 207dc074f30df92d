"""Cheap copies of a service's data in memory. Commits and attributes of rows are shared: nothing changes them."""

from copy import copy

from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.projections.view_store import MemoryViews


def copy_of_store(store: MemoryEventStore) -> MemoryEventStore:
    """An event store of its own, with the same commits."""
    copied = copy(store)
    copied.items = {stream: dict(commits) for stream, commits in store.items.items()}
    copied.log = store.log[:]
    copied.vault = MemoryVault()
    copied.vault.tables = {name: dict(rows) for name, rows in store.vault.tables.items()}
    return copied


def copy_of_views(views: MemoryViews) -> MemoryViews:
    """Views of their own."""
    copied = copy(views)
    copied.items = {key: dict(item) for key, item in views.items.items()}
    return copied
