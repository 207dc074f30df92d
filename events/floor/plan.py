"""The floor plan that gateway, robot and console share: where stores are, and the way from one node to another."""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from hashlib import sha256
from heapq import heappop, heappush
from math import dist
from pathlib import Path

FILE = Path(__file__).with_name("floor.json")


class Kind(StrEnum):
    """What a node is for."""

    DEPOT = "depot"
    PARKING = "parking"
    JUNCTION = "junction"
    STORE = "store"


@dataclass(frozen=True)
class Node:
    """A place where a robot can stand; metres on the map."""

    id: str
    x: float
    y: float
    kind: Kind
    label: str


@dataclass(frozen=True)
class Edge:
    """The way from one node to its neighbour; metres."""

    id: str
    start: str
    end: str
    length: float


@dataclass(frozen=True)
class Floor:
    """The nodes of a map and the edges between them. The file names each edge once; robots drive it both ways."""

    map: str
    nodes: dict[str, Node]
    edges: dict[tuple[str, str], Edge]

    @cached_property
    def depot(self) -> str:
        """The node of the depot."""
        return self._of_kind(Kind.DEPOT)[0]

    @cached_property
    def parking(self) -> tuple[str, ...]:
        """The nodes where idle robots wait."""
        return self._of_kind(Kind.PARKING)

    @cached_property
    def stores(self) -> tuple[str, ...]:
        """The nodes where stores are."""
        return self._of_kind(Kind.STORE)

    def node_of(self, store_id: str, location: str) -> str:
        """Where a store is: at the node that its location names, otherwise at one that its id decides."""
        named = self._labels.get(location.strip().casefold())
        return named or self.stores[int.from_bytes(sha256(store_id.encode()).digest()[:8]) % len(self.stores)]

    def edge(self, start: str, end: str) -> Edge:
        """The edge between two neighbours; raises LookupError if they are none."""
        return self.edges[start, end]

    def route(self, start: str, end: str) -> tuple[str, ...]:
        """The nodes of the shortest way, both ends included; raises LookupError for a node that is not on the map."""
        self.nodes[end]
        ways: list[tuple[float, tuple[str, ...]]] = [(0.0, (self.nodes[start].id,))]
        reached: set[str] = set()
        while ways:
            length, way = heappop(ways)
            here = way[-1]
            if here == end:
                return way
            if here not in reached:
                reached.add(here)
                for edge in self._from(here):
                    heappush(ways, (length + edge.length, (*way, edge.end)))
        raise LookupError(f"there is no way from {start} to {end}")

    def _from(self, node: str) -> list[Edge]:
        return [edge for (start, _), edge in self.edges.items() if start == node]

    def _of_kind(self, kind: Kind) -> tuple[str, ...]:
        return tuple(node.id for node in self.nodes.values() if node.kind is kind)

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {self.nodes[store].label.casefold(): store for store in self.stores}


@cache
def plan() -> Floor:
    """The mall's floor, read once."""
    return read(FILE.read_text())


def read(text: str) -> Floor:
    """A floor from the text of its file; an edge's id is start:end."""
    data = json.loads(text)
    nodes = {each["id"]: Node(**{**each, "kind": Kind(each["kind"])}) for each in data["nodes"]}
    edges = {}
    for each in data["edges"]:
        for start, end in ((each["from"], each["to"]), (each["to"], each["from"])):
            length = dist((nodes[start].x, nodes[start].y), (nodes[end].x, nodes[end].y))
            edges[start, end] = Edge(f"{start}:{end}", start, end, length)
    return Floor(data["map"], nodes, edges)
