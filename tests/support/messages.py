"""Message classes that a test defines."""

from types import new_class
from typing import Any

from events.registry import Message


def made_up(name: str, shape: type[Message], fields: dict[str, Any], **about: Any) -> type[Message]:
    """A message class. fields: its annotations. about: source, key and the other keywords, and defaults by field."""
    keywords = {word: about.pop(word) for word in ("source", "key", "version", "to", "answers") if word in about}
    doc = about.pop("doc", f"{name}, made up.")
    body = {"__module__": __name__, "__doc__": doc, "__annotations__": fields, **about}
    made: type[Message] = new_class(name, (shape,), keywords, lambda namespace: namespace.update(body))
    return made
