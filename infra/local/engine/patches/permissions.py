"""IAM: what a function's role may do, judged by the condition keys and resources that AWS documents.

`AUTH=true` makes the engine give each function the credentials of its role, verify signatures, and evaluate policies.
Restored behaviour of AWS:

- An entry of PutEvents is judged by its own bus, `events:source` and `events:detail-type`. The request is refused as a
  whole if one entry is not allowed.
  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
- DescribeEventBus is a call on a bus. The engine takes its `Name` for a rule's.
  https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
- A call of KMS is judged by its encryption context: `kms:EncryptionContext:<key>` and `kms:EncryptionContextKeys`.
  https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
- `aws:SecureTransport` is true: in AWS every SDK calls by TLS. This engine speaks HTTP, on the loopback interface.

Mended besides:

- Functions that start at the same time may register their sessions. Unpatched, one of them fails now and then
  ("dictionary changed size during iteration"): its caller gets a 500, and the engine kills the function's workers.
- The text of a policy is parsed once, not several times for each call.
"""

import functools
import json
import threading
from typing import Any

from infra.local.engine.seams import Seams, module

PUT_EVENTS = "events:PutEvents"
ENTRIES = "entries"  # where the context of a request carries what is judged of its entries, up to the evaluator
POLICIES_KEPT = 4096


def apply() -> None:
    seams = Seams("permissions")
    evaluator, actions = module("core.iam_evaluator"), module("core.iam_actions")
    read_as_secure(seams, evaluator)
    judge_each_entry(seams, evaluator, actions)
    describe_a_bus(seams, actions)
    register_one_at_a_time(seams)
    parse_once(seams, evaluator)
    name_the_caller_only(seams, evaluator)


def read_as_secure(seams: Seams, evaluator: Any) -> None:
    resolve = seams.take(evaluator, "_resolve_condition_key")

    def resolve_secure(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    seams.replace(evaluator, "_resolve_condition_key", resolve_secure)


def judge_each_entry(seams: Seams, evaluator: Any, actions: Any) -> None:
    """PutEvents: the request's context carries the entries, and the evaluator is asked about each of them."""
    context_of = seams.take(actions, "request_tag_context")
    buses_of = seams.take(actions, "eventbridge_resource_arns")
    enforce = seams.take(evaluator, "enforce")

    def context_with_entries(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        if service == "kms":
            return {**context, **encryption_context(body)}
        return {**context, ENTRIES: judged(body)} if action == PUT_EVENTS else context

    def first_bus(body: bytes, region: str, account: str) -> list[str]:
        # The engine would ask once more about each further bus, without the entries.
        return list(buses_of(body, region, account)[:1])

    def enforce_each(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(service_context or {})
        # A request without entries, which the service refuses, is judged without the keys that an entry has.
        for bus, keys in context.pop(ENTRIES, None) or [("", {})]:
            arn = resource_arn
            if bus:
                [arn] = buses_of(json.dumps({"Entries": [{"EventBusName": bus}]}).encode(), region, account())
            refusal = enforce(
                access_key, action, service, region, resource_arn=arn, service_context={**context, **keys}
            )
            if refusal is not None:
                return refusal
        return None

    account = seams.take(module("core.responses"), "get_account_id")
    seams.replace(actions, "request_tag_context", context_with_entries)
    seams.replace(actions, "eventbridge_resource_arns", first_bus)
    seams.replace(evaluator, "enforce", enforce_each)


def judged(body: bytes) -> list[tuple[str, dict[str, str]]]:
    """What each entry is judged by: its bus, and the condition keys that it has. Equal ones are listed once."""
    try:
        entries = json.loads(body or b"{}")["Entries"]
    except (ValueError, KeyError, TypeError):
        return []
    found: dict[tuple[str, ...], tuple[str, dict[str, str]]] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            bus, source, kind = (str(entry.get(field) or "") for field in ("EventBusName", "Source", "DetailType"))
            keys = {"events:source": source, "events:detail-type": kind}
            found[bus, source, kind] = (bus or "default", {name: value for name, value in keys.items() if value})
    return list(found.values())


def encryption_context(body: bytes) -> dict[str, Any]:
    """The condition keys of a request's encryption context; none where it has none."""
    try:
        given = json.loads(body or b"{}").get("EncryptionContext")
    except (ValueError, AttributeError):
        return {}
    if not isinstance(given, dict) or not given:
        return {}
    keys = {f"kms:EncryptionContext:{key}": str(value) for key, value in given.items()}
    return {**keys, "kms:EncryptionContextKeys": list(given)}


def describe_a_bus(seams: Seams, actions: Any) -> None:
    resource_of = seams.take(actions, "extract_resource_arn")
    buses_of = seams.take(actions, "eventbridge_resource_arns")

    def resource_or_bus(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        if service == "events" and headers.get("x-amz-target", "").endswith(".DescribeEventBus"):
            named = {"EventBusName": json.loads(body or b"{}").get("Name")}
            _parameters, region, account = rest
            [bus] = buses_of(json.dumps({"Entries": [named]}).encode(), region, account)
            return str(bus)
        return str(resource_of(service, method, path, headers, body, *rest))

    seams.replace(actions, "extract_resource_arn", resource_or_bus)


def register_one_at_a_time(seams: Seams) -> None:
    sessions = module("services.sts")
    register = seams.take(sessions, "register_session")
    registering = threading.Lock()

    def register_alone(access_key: str, session: dict[str, Any]) -> None:
        with registering:
            register(access_key, session)

    seams.replace(sessions, "register_session", register_alone)


def parse_once(seams: Seams, evaluator: Any) -> None:
    """A changed policy is another text, so nothing has to be invalidated; the engine only reads what was parsed."""
    parse = seams.take(evaluator, "parse_policy_document")
    parse_text = functools.lru_cache(POLICIES_KEPT)(parse)

    def parse_if_new(document: Any) -> Any:
        return parse_text(document) if isinstance(document, str) else parse(document)

    seams.replace(evaluator, "parse_policy_document", parse_if_new)


def name_the_caller_only(seams: Seams, evaluator: Any) -> None:
    """The name of the caller, for resource policies, without its own policies, which the engine gathers each time."""
    resolve = seams.take(evaluator, "resolve_credential")
    responses = module("core.responses")
    account_of, account = seams.take(responses, "_account_from_sts_session"), seams.take(responses, "get_account_id")
    key_of = seams.take(module("core.router"), "extract_access_key_id")

    def caller(headers: dict[str, str], parameters: Any = None) -> str:
        key = key_of(headers or {}, parameters or {})
        found = resolve(key, account_of(key) or account()) if key else None
        return getattr(found, "principal_arn", "") or f"arn:aws:iam::{account()}:root"

    seams.replace(evaluator, "request_caller_arn", caller)
