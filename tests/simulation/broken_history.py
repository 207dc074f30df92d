"""A good history in which one thing is made wrong, for the checker's tests."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.simulation.history_builder import Tale


@dataclass
class Told:
    """A good history and what is to be wrong with it."""

    tale: Tale

    def find(self, kind: str, *words: str) -> int:
        """The place of the first note of a kind that holds all these words."""
        for place, (_, found, fields) in enumerate(self.tale.notes):
            if found == kind and all(word in json.dumps(fields).replace('\\"', '"') for word in words):
                return place
        raise AssertionError(f"nobody noted a {kind} with {words}")

    def fields(self, kind: str, *words: str) -> dict[str, Any]:
        """The fields of the first note of a kind that holds all these words."""
        return self.tale.notes[self.find(kind, *words)][2]

    def drop(self, kind: str, *words: str) -> None:
        """Let what was noted not have happened; a commit is not in the table either."""
        note = self.tale.notes.pop(self.find(kind, *words))
        if kind == "commit":
            del self.tale.tables[note[2]["table"]][tuple(note[2]["key"])]

    def replace(self, kind: str, words: tuple[str, ...], old: str, new: str, part: str = "events") -> None:
        """Let a commit say something else."""
        item = self.fields(kind, *words)["item"]
        assert old in item[part]["S"], item[part]["S"]
        item[part] = {"S": item[part]["S"].replace(old, new)}

    def commit_again(self, *words: str, version: int) -> None:
        """Store the same once more, as another commit at the given version."""
        fields = deepcopy(self.fields("commit", *words))
        fields["item"]["version"], fields["item"]["id"] = {"N": str(version)}, {"S": "again"}
        fields["item"]["messages"] = {"S": "[]"}
        fields["key"][1] = version
        self.tale.note("commit", **fields)
        self.tale.tables[fields["table"]][fields["key"][0], version] = fields["item"]


Breaks = Callable[[Told], None]
Case = tuple[str, Breaks, str]  # a story, what is made wrong in it, and the promise that it breaks
