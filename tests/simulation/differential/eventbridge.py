"""Cases of EventBridge: what PutEvents accepts, which rules match, and what a queue receives."""

import json
import re
from typing import Any

from events.ordering import UnpaidOrdersDue
from tests.simulation.differential.case import Cases, code
from tests.simulation.differential.place import Place

messages = Cases()

TO_ALL_OR_INSIGHTS = [{"exists": False}, "insights"]
ENVELOPE = ["account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version"]


def entry(place: Place, name: str = "OrderCreated", detail: Any = None, **more: Any) -> dict[str, Any]:
    """An entry of the case's source."""
    text = detail if isinstance(detail, str) else json.dumps(detail or {})
    return {"EventBusName": place.bus, "Source": place.source, "DetailType": name, "Detail": text, **more}


def codes(place: Place, *entries: dict[str, Any]) -> list[Any]:
    """How many entries failed, and each one's code; an entry without one has an id."""
    answer = place.events.put_events(Entries=list(entries))
    assert all(bool(result.get("EventId")) is not bool(result.get("ErrorCode")) for result in answer["Entries"])
    return [answer["FailedEntryCount"], [result.get("ErrorCode") for result in answer["Entries"]]]


def delivered(place: Place, names: list[str], to: list[Any], *sent: tuple[str, dict[str, Any]]) -> list[Any]:
    """The details that a rule for these names and addressees delivers to a queue; the last one sent must match."""
    queue = place.queue()
    place.rule(names, to, queue)
    for name, detail in sent:
        codes(place, entry(place, name, detail))
    found: list[Any] = []

    def is_there() -> bool:
        found.extend(json.loads(letter.body)["detail"] for letter in place.take(queue))
        return sent[-1][1] in found

    place.until(is_there)
    return sorted(found, key=json.dumps)


@messages.gives([ENVELOPE, "OrderCreated", {"data": {"name": "Zoë"}}, True])
def an_event_is_delivered_in_its_envelope(place: Place) -> Any:
    queue = place.queue()
    place.rule(["OrderCreated"], TO_ALL_OR_INSIGHTS, queue)
    codes(place, entry(place, detail={"data": {"name": "Zoë"}}))
    [letter] = place.take(queue)
    content = json.loads(letter.body)
    time = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", content["time"]) is not None
    return [sorted(content), content["detail-type"], content["detail"], time and content["source"] == place.source]


@messages.gives([{"n": 2}])
def a_rule_matches_its_names_only(place: Place) -> Any:
    return delivered(place, ["OrderPaid"], TO_ALL_OR_INSIGHTS, ("OrderCreated", {"n": 1}), ("OrderPaid", {"n": 2}))


@messages.gives([{"n": 1}, {"n": 2}])
def a_rule_matches_each_of_its_names(place: Place) -> Any:
    return delivered(place, ["A", "B"], TO_ALL_OR_INSIGHTS, ("A", {"n": 1}), ("B", {"n": 2}))


@messages.gives([{"n": 1, "to": "insights"}, {"n": 4}])
def a_rule_matches_events_for_all_and_for_its_service(place: Place) -> Any:
    other: list[tuple[str, Any]] = [("A", {"n": 2, "to": "search"}), ("A", {"n": 3, "to": "Insights"})]
    return delivered(place, ["A"], TO_ALL_OR_INSIGHTS, ("A", {"n": 1, "to": "insights"}), *other, ("A", {"n": 4}))


@messages.gives([{"n": 3}])
def an_addressee_of_null_is_neither_none_nor_another(place: Place) -> Any:
    sent: list[tuple[str, Any]] = [("A", {"n": 1, "to": None}), ("A", {"n": 2, "to": ""}), ("A", {"n": 3})]
    return delivered(place, ["A"], TO_ALL_OR_INSIGHTS, *sent)


@messages.gives([{"n": 1, "to": ["search", "insights"]}, {"n": 2}])
def a_list_matches_by_any_of_its_elements(place: Place) -> Any:
    sent: list[tuple[str, Any]] = [("A", {"n": 1, "to": ["search", "insights"]}), ("A", {"n": 2})]
    return delivered(place, ["A"], TO_ALL_OR_INSIGHTS, *sent)


@messages.gives([{"n": 2}])
def a_rule_matches_its_sources_only(place: Place) -> Any:
    queue = place.queue()
    place.rule(["A"], TO_ALL_OR_INSIGHTS, queue)
    codes(place, entry(place, "A", {"n": 1}, Source=place.source + ".other"), entry(place, "A", {"n": 2}))
    return [json.loads(letter.body)["detail"] for letter in place.take(queue)]


@messages.gives([[{"n": 1}], [{"n": 1}]])
def every_rule_that_matches_delivers_the_event(place: Place) -> Any:
    queues = [place.queue(), place.queue()]
    for queue in queues:
        place.rule(["A"], TO_ALL_OR_INSIGHTS, queue)
    codes(place, entry(place, "A", {"n": 1}))
    return [[json.loads(letter.body)["detail"] for letter in place.take(queue)] for queue in queues]


@messages.gives([0, [None] * 10])
def ten_entries_are_put_at_once(place: Place) -> Any:
    return codes(place, *(entry(place, detail={"n": n}) for n in range(10)))


@messages.gives(["ValidationException", "ValidationException"])
def no_entries_and_more_than_ten_are_refused(place: Place) -> Any:
    put = place.events.put_events
    return [code(put, Entries=[]), code(put, Entries=[entry(place)] * 11)]


@messages.gives("ValidationException")
def entries_have_a_megabyte_together(place: Place) -> Any:
    return code(place.events.put_events, Entries=[entry(place, detail={"x": "x" * 600_000})] * 2)


@messages.gives("ValidationException")
def entries_are_measured_in_bytes(place: Place) -> Any:
    detail = json.dumps({"x": "é" * 600_000}, ensure_ascii=False)
    return code(place.events.put_events, Entries=[entry(place, detail=detail)])


@messages.gives([2, [None, "MalformedDetail", "MalformedDetail", None]])
def an_entry_whose_detail_is_no_object_is_refused_and_the_others_are_put(place: Place) -> Any:
    return codes(place, entry(place), entry(place, detail="not json"), entry(place, detail="[1]"), entry(place))


@messages.gives([3, ["InvalidArgument", "InvalidArgument", "InvalidArgument"]])
def an_entry_without_source_name_or_detail_is_refused(place: Place) -> Any:
    whole = entry(place)
    return codes(place, *({k: v for k, v in whole.items() if k != left} for left in ("Source", "DetailType", "Detail")))


@messages.gives([[{"n": 1}], True])
def an_event_that_a_rule_cannot_deliver_is_dead_lettered_with_the_reason(place: Place) -> Any:
    undelivered = place.rule(["A"], TO_ALL_OR_INSIGHTS, place.queue(), reachable=False)
    codes(place, entry(place, "A", {"n": 1}))
    letters = place.take(undelivered)
    wanted = {"ERROR_CODE", "ERROR_MESSAGE", "RULE_ARN", "TARGET_ARN"}
    return [[json.loads(letter.body)["detail"] for letter in letters], wanted <= letters[0].attributes.keys()]


@messages.gives([[{"n": 1}], "in-turn"])
def a_rule_delivers_to_a_fifo_queue_under_its_group(place: Place) -> Any:
    queue = place.queue(fifo=True)
    place.rule(["A"], TO_ALL_OR_INSIGHTS, queue, group="in-turn")
    codes(place, entry(place, "A", {"n": 1}))
    letters = place.take(queue)
    return [[json.loads(letter.body)["detail"] for letter in letters], letters[0].group]


@messages.gives([["detail-type", "time", "version"], True, True])
def a_schedule_sends_its_timer_and_the_time(place: Place) -> Any:
    timer = UnpaidOrdersDue
    queue = place.queue()
    place.schedule(timer, queue)
    content = json.loads(place.take(queue)[0].body)
    is_timer = (content["detail-type"], content["version"]) == (timer.about.name, timer.about.version)
    return [sorted(content), is_timer, re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", content["time"]) is not None]
