"""The routes of operations that the browser tests need."""

from functions.operations.mappings import DISABLED, ENABLED
from functions.operations.pause_rows import PAUSED
from tests.browser.operations import PARTS, Operations, Run, consumer
from tests.browser.rest import Answer, Asked, RefusedError, Rest, Route, route
from tests.browser.samples import Data, ago, uid

ROOT = "/api/operations"


def _group(mall: Rest, id: str) -> Data:
    found = mall.operations.groups.get(id)
    if found is None:
        raise RefusedError(404, f"there is no group {id}")
    return found


def _run(mall: Rest, id: str) -> Run:
    found = mall.operations.runs.get(id)
    if found is None:
        raise RefusedError(404, f"there is no run {id}")
    return found


@route("GET", f"{ROOT}/groups")
def _groups(mall: Rest, asked: Asked) -> Answer:
    wanted = asked.query.get("state", "open")
    return Answer(200, {"groups": [one for one in mall.operations.groups.values() if one["state"] == wanted]})


@route("GET", f"{ROOT}/groups/{{id}}")
def _one_group(mall: Rest, asked: Asked, id: str) -> Answer:
    return Answer(200, {"group": _group(mall, id)})


@route("PUT", f"{ROOT}/groups/{{id}}/note")
def _note(mall: Rest, asked: Asked, id: str) -> Answer:
    _group(mall, id)["note"] = asked.body["text"]
    return Answer(200, {})


@route("PUT", f"{ROOT}/groups/{{id}}/owner")
def _owner(mall: Rest, asked: Asked, id: str) -> Answer:
    _group(mall, id)["owner"] = asked.body["name"]
    return Answer(200, {})


@route("PUT", f"{ROOT}/groups/{{id}}/resolve")
def _resolve(mall: Rest, asked: Asked, id: str) -> Answer:
    _group(mall, id).update(state="resolved", cameBack=None)
    return Answer(200, {})


@route("GET", f"{ROOT}/letters")
def _letters(mall: Rest, asked: Asked) -> Answer:
    found = mall.operations.letters.values()
    letters = [one for one in found if asked.query.get("group", one["group"]) == one["group"]]
    return Answer(200, {"letters": letters, "asOf": ago()})


@route("GET", f"{ROOT}/letters/{{id}}")
def _letter(mall: Rest, asked: Asked, id: str) -> Answer:
    if id not in mall.operations.letters:
        raise RefusedError(404, f"there is no letter {id}")
    happened = [{"time": ago(minutes=30), "actor": "system", "what": "stored", "detail": ""}]
    body = '{"metadata": {"name": "ReportCollection"}, "data": {"list_id": "12"}}'
    whole = {**mall.operations.letters[id], "body": body, "fifoGroup": "", "history": happened}
    return Answer(200, {"letter": whole, "timeline": None})


def _becomes(state: str) -> Route:
    def change(mall: Rest, asked: Asked, id: str) -> Answer:
        if mall.operations.letters[id]["state"] in ("redriving", "done"):
            raise RefusedError(409, "the letter is not open")
        mall.operations.change([id], state)
        return Answer(200, {})

    return change


route("PUT", f"{ROOT}/letters/{{id}}/park")(_becomes("parked"))
route("PUT", f"{ROOT}/letters/{{id}}/discard")(_becomes("discarded"))
route("PUT", f"{ROOT}/letters/{{id}}/reopen")(_becomes("open"))


@route("POST", f"{ROOT}/forecasts")
def _forecast(mall: Rest, asked: Asked) -> Answer:
    id = uid(f"forecast {len(mall.operations.runs)}")
    letters = mall.operations.open_of(asked.body["group"])
    mall.operations.runs[id] = Run(id, "forecast", len(letters), asked.body, letters, "done")
    return Answer(200, {"id": id})


@route("GET", f"{ROOT}/forecasts/{{id}}")
def _one_forecast(mall: Rest, asked: Asked, id: str) -> Answer:
    run = _run(mall, id)
    fails = min(1, run.total)
    detail = {"until": None, "retry": False, "reply": "", "asks": []}
    writes = [{"stream": f"List#{uid('list')}", "events": ["ShoppingListCompleted"]}]
    passes = {**detail, "answer": "passes", "why": "it would be handled", "writes": writes}
    passes |= {"letter": uid("letter 2"), "sends": [{"name": "OrderReadied", "times": 1}]}
    failing = {**detail, "answer": "fails", "why": "NotFoundError: there is no shopping list 1", "writes": []}
    failing |= {"letter": uid("letter 1"), "sends": []}
    counts = {"passes": run.total - fails, "refused": 0, "waits": 0, "fails": fails, "cannotTell": 0}
    reasons = [
        {"reason": "passes: it would be handled", "letters": run.total - fails},
        {"reason": "fails: NotFoundError: there is no shopping list …", "letters": fails},
    ]
    own = {name: run.shape[name] for name in ("id", "state", "why", "by", "created", "total")}
    shown = {**own, "ended": ago(), "answered": run.total, "counts": counts, "reasons": reasons}
    return Answer(200, {"forecast": {**shown, "samples": [passes, failing], "codes": ["depot 4f21c0d"]}})


@route("POST", f"{ROOT}/redrives")
def _redrive(mall: Rest, asked: Asked) -> Answer:
    operations, body = mall.operations, asked.body
    of = operations.runs[body["forecast"]] if body.get("forecast") else None
    letters = of.letters[1:] if of and body.get("passing") else of.letters if of else operations.open_of(body["group"])
    id = uid(f"redrive {len(operations.runs)}")
    counts = {**dict.fromkeys(PARTS, 0), "pending": len(letters) - 1, "sent": 1}
    operations.runs[id] = Run(id, "redrive", len(letters), body, letters, counts=counts)
    operations.change(letters, "redriving")
    return Answer(200, {"id": id})


@route("GET", f"{ROOT}/runs")
def _runs(mall: Rest, asked: Asked) -> Answer:
    return Answer(200, {"runs": [one.shape for one in mall.operations.runs.values()]})


@route("GET", f"{ROOT}/runs/{{id}}")
def _one_run(mall: Rest, asked: Asked, id: str) -> Answer:
    run = _run(mall, id)
    left = run.counts.get("pending", 0) // 10 + 1 if run.state == "running" else None
    step = run.step if run.kind == "redrive" else ""
    skipped = {"not open any more": run.counts["skipped"]} if run.counts.get("skipped") else {}
    return Answer(200, {"run": run.shape, "asked": run.asked, "step": step, "skipped": skipped, "secondsLeft": left})


@route("GET", f"{ROOT}/runs/{{id}}/forecast")
def _beside(mall: Rest, asked: Asked, id: str) -> Answer:
    run = _run(mall, id)
    if not run.asked.get("forecast"):
        return Answer(200, {"answers": []})
    done, dead, failing = (run.counts[name] for name in ("done", "dead", "failing"))
    outcomes = {"done": done, "dead": dead, "failing": failing, "open": run.total - done - dead - failing}
    return Answer(200, {"answers": [{"answer": "passes", **outcomes}]})


def _acts(state: str, *before: str) -> Route:
    def act(mall: Rest, asked: Asked, id: str) -> Answer:
        run = _run(mall, id)
        if run.state not in before:
            raise RefusedError(409, f"the run is {run.state}")
        run.state, run.why = state, "" if state == "running" else "by operator"
        return Answer(200, {})

    return act


route("PUT", f"{ROOT}/runs/{{id}}/pause")(_acts("paused", "running"))
route("PUT", f"{ROOT}/runs/{{id}}/resume")(_acts("running", "paused", "stopped"))
route("PUT", f"{ROOT}/runs/{{id}}/cancel")(_acts("cancelled", "running", "paused", "stopped"))


@route("PUT", f"{ROOT}/runs/{{id}}/switch")
def _switch(mall: Rest, asked: Asked, id: str) -> Answer:
    _run(mall, id).more.update(step="drop", mayBeSwitched=False)
    return Answer(200, {})


@route("PUT", f"{ROOT}/runs/{{id}}/abort")
def _abort(mall: Rest, asked: Asked, id: str) -> Answer:
    run = _run(mall, id)
    run.state = "cancelled"
    run.more.update(step="over", mayBeSwitched=False)
    return Answer(200, {})


@route("GET", f"{ROOT}/consumers")
def _consumers(mall: Rest, asked: Asked) -> Answer:
    return Answer(200, {"consumers": list(mall.operations.consumers.values())})


def _wanted(operations: Operations, name: str, **wanted: str) -> Answer:
    """As a minute later: the runner has switched it."""
    if name not in operations.consumers:
        raise RefusedError(404, f"there is no consumer {name}")
    waiting = operations.consumers[name]["waiting"]["visible"]
    operations.consumers[name] = consumer(name, waiting, by="operator", since=ago(), **wanted)
    return Answer(200, {})


@route("PUT", f"{ROOT}/consumers/{{service}}/{{queue}}/pause")
def _pause(mall: Rest, asked: Asked, service: str, queue: str) -> Answer:
    why = asked.body["reason"]
    return _wanted(mall.operations, f"{service}/{queue}", wanted=PAUSED, state=DISABLED, reason=why)


@route("PUT", f"{ROOT}/consumers/{{service}}/{{queue}}/resume")
def _resume(mall: Rest, asked: Asked, service: str, queue: str) -> Answer:
    return _wanted(mall.operations, f"{service}/{queue}", state=ENABLED)


@route("GET", f"{ROOT}/estimates/rebuild")
def _estimate(mall: Rest, asked: Asked) -> Answer:
    sources = [{"service": "ordering", "messages": 12_000}, {"service": "stores", "messages": 400}]
    told = {"messages": 12_400, "precision": "about", "commits": 9_000, "rate": 50, "seconds": 780}
    return Answer(200, {**told, "sources": sources, "gaps": ["depot"], "notRecoverable": []})


@route("POST", f"{ROOT}/rebuilds")
def _rebuild(mall: Rest, asked: Asked) -> Answer:
    id = uid(f"rebuild {len(mall.operations.runs)}")
    step = {"step": "fill", "percent": 37, "secondsLeft": 80, "messages": 4_100, "mayBeSwitched": False}
    mall.operations.runs[id] = Run(id, "rebuild", 0, asked.body, more=step)
    return Answer(200, {"id": id})


@route("GET", f"{ROOT}/rebuilds/{{id}}")
def _one_rebuild(mall: Rest, asked: Asked, id: str) -> Answer:
    run = _run(mall, id)
    row = {"partition": "order#12", "sort": "a", "live": '{"status": "ready"}', "built": '{"status": "approved"}'}
    own = {name: run.shape[name] for name in ("id", "state", "why", "by", "created")}
    compared = {"rows": [640, 640], "hashes": ["a", "b"], "different": 1, "samples": [row]}
    none: Data = {"rows": [], "hashes": [], "different": 0, "samples": []}
    shown = {"to": run.asked["service"], "view": run.asked["view"], "ended": "", "rate": 50, "failed": 0}
    shown |= {"cursor": None, "wrong": "", "sources": [], "notRecoverable": [], "generation": 2}
    shown |= {"waitUntil": "", "deleted": 0, "compared": compared if run.more["mayBeSwitched"] else none}
    return Answer(200, {"rebuild": {**own, **shown, **run.more}})
