"""Whether a published schema may replace another under the same version.

Compatibility must be full. Messages published under the old schema are still in queues, archives and streams, so the
new one must accept them (backward); consumers built with the old schema keep running, so they must understand
whatever the new one allows (forward). That leaves little, on purpose: an optional member may be added, and
descriptions may change. Any other change needs a new version and an upcaster.

A changed keyword that this module does not know (pydantic does not generate it for these models) counts as a break.
"""

import json
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

# Keywords that do not restrict what a message may hold.
_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "default", "examples", "deprecated"}
_LOWER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_UPPER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
# Keywords that are compared by their meaning, each by code of its own.
_PARTS = {"$ref", "anyOf", "type", "const", "enum", "properties", "required", "additionalProperties", "items"}


def breaks(old_schema: Schema, new_schema: Schema) -> list[str]:
    """The incompatible changes from old to new, a sentence each; empty when compatible."""
    return list(_Comparison(old_schema, new_schema).differences())


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self.old, self.new = old, new
        self.in_progress: set[tuple[str, str]] = set()

    def differences(self) -> Iterator[str]:
        yield from self._compare("the message", self.old, self.new)

    def _compare(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        # A recursive shape is compared once.
        pair = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old and "$ref" in new:
            if pair in self.in_progress:
                return
            self.in_progress.add(pair)
        yield from self._compare_choices(place, _choices(old, self.old), _choices(new, self.new))
        self.in_progress.discard(pair)

    def _compare_choices(self, place: str, old: list[Schema], new: list[Schema]) -> Iterator[str]:
        before, now = {_kind(choice): choice for choice in old}, {_kind(choice): choice for choice in new}
        if len(before) < len(old) or len(now) < len(new):
            if _canonical([old, self.old.get("$defs")]) != _canonical([new, self.new.get("$defs")]):
                yield f"{place} is one of several shapes, and a change of these cannot be judged"
            return
        for kind in sorted(before.keys() - now.keys()):
            if not (kind == "integer" and "number" in now):
                yield f"{place} can no longer be {_article(kind)}, which it was in messages already published"
        for kind in sorted(now.keys() - before.keys()):
            if not (kind == "integer" and "number" in before):
                yield f"{place} may now be {_article(kind)}, which its consumers do not expect"
        for kind in sorted(before.keys() & now.keys()):
            yield from self._compare_one(place, before[kind], now[kind])

    def _compare_one(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        yield from _compare_values(place, old, new)
        for keyword in sorted((old.keys() | new.keys()) - _ANNOTATIONS - _PARTS):
            yield from _compare_keyword(place, keyword, old.get(keyword), new.get(keyword))
        yield from self._compare_members(place, old, new)
        yield from self._compare_rest(place, "additionalProperties", old, new)
        yield from self._compare_rest(place, "items", old, new)

    def _compare_members(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        before, now = old.get("properties", {}), new.get("properties", {})
        had_to, has_to = set(old.get("required", [])), set(new.get("required", []))
        for member in before:
            where = member if place == "the message" else f"{place}.{member}"
            if member not in now:
                yield f"{where} was removed, which its consumers read"
                continue
            if member in has_to - had_to:
                yield f"{where} must be there now, which it need not be in messages already published"
            if member in had_to - has_to:
                yield f"{where} may now be absent, which its consumers do not expect"
            yield from self._compare(where, before[member], now[member])
        for member in now:
            if member not in before and member in has_to:
                where = member if place == "the message" else f"{place}.{member}"
                yield f"{where} was added and must be there, which it is not in messages already published"

    def _compare_rest(self, place: str, keyword: str, old: Schema, new: Schema) -> Iterator[str]:
        before, now = old.get(keyword, True), new.get(keyword, True)
        rest = f"{place}[]" if keyword == "items" else f"{place}.*"
        if isinstance(before, dict) and isinstance(now, dict):
            yield from self._compare(rest, before, now)
        elif before is now:
            return
        elif before is True or now is False:
            yield f"{rest} can no longer be anything, which it was in messages already published"
        else:
            yield f"{rest} may now be anything, which its consumers do not expect"


def _choices(schema: Schema, root: Schema) -> list[Schema]:
    """The alternatives of a schema: references resolved, `anyOf` and lists of types expanded."""
    if "$ref" in schema:
        spread = _choices(_follow(schema["$ref"], root), root)
    elif "anyOf" in schema:
        spread = [choice for alternative in schema["anyOf"] for choice in _choices(alternative, root)]
    elif isinstance(schema.get("type"), list):
        spread = [{"type": kind} for kind in schema["type"]]
    else:
        return [schema]
    beside = {word: value for word, value in schema.items() if word not in ("$ref", "anyOf", "type")}
    return [choice | beside for choice in spread]


def _follow(reference: str, root: Schema) -> Schema:
    found: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return dict(found)


def _kind(schema: Schema) -> str:
    return str(schema.get("type", "anything"))


def _article(kind: str) -> str:
    if kind in ("null", "anything"):
        return kind
    return f"{'an' if kind[0] in 'aio' else 'a'} {kind}"


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _compare_values(place: str, old: Schema, new: Schema) -> Iterator[str]:
    before, now = _allowed(old), _allowed(new)
    if before is None or now is None:
        if before is not None:
            yield f"{place} may now be other than {_listed(before)}, which its consumers do not know"
        if now is not None:
            yield f"{place} can now only be {_listed(now)}, unlike messages already published"
        return
    if before - now:
        yield f"{place} can no longer be {_listed(before - now)}, which it was in messages already published"
    if now - before:
        yield f"{place} may now be {_listed(now - before)}, which its consumers do not know"


def _allowed(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {_canonical(schema["const"])}
    return {_canonical(value) for value in schema["enum"]} if "enum" in schema else None


def _listed(values: set[str]) -> str:
    return " or ".join(sorted(values))


def _compare_keyword(place: str, keyword: str, before: Any, now: Any) -> Iterator[str]:
    if before == now:
        return
    if keyword not in _LOWER | _UPPER:
        yield f"{place} changed its {keyword} from {_canonical(before)} to {_canonical(now)}"
        return
    tighter = before is None or (now is not None and (now > before) == (keyword in _LOWER))
    effect = "too tight for messages already published" if tighter else "more than its consumers expect"
    yield f"{place} changed its {keyword} from {_canonical(before)} to {_canonical(now)}, {effect}"
