"""What rows of read models hold, as text that a test can search."""

import json

from functions.kernel.projections.view_store import MemoryViews, read_item
from functions.kernel.runtime.views import ViewStore


def stored_text(views: ViewStore) -> str:
    """All rows as one text: their keys, and their data, which is stored deflated where it is large."""
    assert isinstance(views, MemoryViews)
    return json.dumps([[*key, read_item(item)] for key, item in views.items.items()], ensure_ascii=False)
