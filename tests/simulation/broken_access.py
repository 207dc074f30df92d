"""Broken histories of who may what, of actors and of tokens, each with the invariant that it violates."""

import base64
import json
from typing import Any

from tests.simulation.check import access, identity
from tests.simulation.history_builder import Case, HistoryBuilder
from tests.simulation.sample_histories import LINE

ADA, BO, ROBOT, KIOSK = "customer:c", "customer:x", "bot:r", "kiosk:1"
EXPIRES = 1_767_604_500  # the 15 minutes of a session from 2026-01-05T09:00Z


def token(role: str, id: str, expires: int = EXPIRES, **more: Any) -> str:
    """A token of the mall's own, of which the checker reads the claims alone."""
    claims = {"role": role, "sub": id, "exp": expires, "more": more}
    return f"header.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


def asked(history: HistoryBuilder, who: str, method: str, path: str, status: int | None = 200, **more: Any) -> None:
    """A request, answered with this status. more: the body that was `sent`, its token, and the `answer` and version."""
    history.request(method, path, who=who, body=more.get("sent"), token=more.get("token"))
    history.respond(status, more.get("answer"), more.get("version"))


def read_by_another_customer(history: HistoryBuilder) -> None:
    asked(history, BO, "GET", "/api/baskets/o")


def read_by_nobody(history: HistoryBuilder) -> None:
    asked(history, "", "GET", "/api/stores/s")


def staffs_route_used_by_a_customer(history: HistoryBuilder) -> None:
    asked(history, ADA, "GET", "/api/checkout/sagas", answer={"sagas": []})


def route_that_is_in_no_matrix(history: HistoryBuilder) -> None:
    asked(history, "staff:1", "GET", "/api/backdoor")


def basket_for_another(history: HistoryBuilder) -> None:
    asked(history, BO, "POST", "/api/baskets", sent={"customerId": "c"}, answer={"id": "new"})


def filter_for_another(history: HistoryBuilder) -> None:
    asked(history, BO, "POST", "/api/search/orders", sent={"filters": {"customerId": "c"}}, answer={"orders": []})


def list_of_another_robot(history: HistoryBuilder) -> None:
    asked(history, "bot:another", "GET", "/api/depot/shopping/o", answer={"list": {}})


def another_robot_taken_offline(history: HistoryBuilder) -> None:
    asked(history, "bot:another", "PUT", "/api/depot/bots/r/offline")


def changed_by_another_without_an_answer(history: HistoryBuilder) -> None:
    history.request("PUT", "/api/baskets/o/addItem", who=BO)
    history.commit("Basket#o", ("ItemAdded", {"line": LINE | {"quantity": 4}, "at": ""}))
    history.respond(status=None)


def picked_after_the_list_was_given_back(history: HistoryBuilder) -> None:
    """The robot still had it when it asked, and not when its change was stored."""
    history.commit("ShoppingList#x", ("Created", {"order_id": "x", "stops": []}), ("Initiated", {}))
    history.commit("ShoppingList#x", ("Assigned", {"bot_id": "r", "assignment": 1}))
    history.request("PUT", "/api/depot/shopping/x/start", who=ROBOT, body={"assignment": 1})
    history.commit("ShoppingList#x", ("GivenBack", {}), cause=None)
    history.commit("ShoppingList#x", ("Started", {}))
    history.respond(status=None)


def order_of_another_in_a_search(history: HistoryBuilder) -> None:
    asked(history, BO, "POST", "/api/search/orders", answer={"orders": [{"orderId": "o"}]})


def customer_of_another_order_shown(history: HistoryBuilder) -> None:
    asked(history, BO, "POST", "/api/search/orders", answer={"orders": [{"orderId": "unknown", "customerId": "c"}]})


def list_of_another_robot_listed(history: HistoryBuilder) -> None:
    asked(history, ROBOT, "GET", "/api/depot/shopping", answer={"lists": [{"id": "z", "botId": "another"}]})


def version_of_anothers_shown(history: HistoryBuilder) -> None:
    asked(history, BO, "GET", "/api/ordering/o", 404, version=5)


def anothers_is_forbidden(history: HistoryBuilder) -> None:
    asked(history, BO, "GET", "/api/ordering/o", 403)


def anothers_is_in_conflict(history: HistoryBuilder) -> None:
    asked(history, BO, "DELETE", "/api/ordering/o", 409)


def nobody_is_forbidden(history: HistoryBuilder) -> None:
    asked(history, "", "GET", "/api/ordering/o", 403)


def wrong_role_is_not_found(history: HistoryBuilder) -> None:
    asked(history, ROBOT, "GET", "/api/payments/p", 404)


def operator_is_forbidden(history: HistoryBuilder) -> None:
    asked(history, "operator:1", "GET", "/api/checkout/sagas", 403)


def customer_is_unauthenticated(history: HistoryBuilder) -> None:
    asked(history, ADA, "GET", "/api/baskets/o", 401)


def own_is_not_found(history: HistoryBuilder) -> None:
    asked(history, ADA, "GET", "/api/payments/p", 404)


def own_list_is_not_found(history: HistoryBuilder) -> None:
    asked(history, ROBOT, "GET", "/api/depot/shopping/o", 404)


def actor_lost_in_a_commit(history: HistoryBuilder) -> None:
    history.fields("commit", '"Basket#o", 2')["item"]["actor"] = {"S": "system"}


def actor_lost_in_a_message(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Basket#o", 3',), '"actor": "staff:1"', '"actor": "system"', part="messages")


def actor_lost_on_the_way(history: HistoryBuilder) -> None:
    history.fields("commit", '"Order#o", 1')["item"]["actor"] = {"S": "system"}


def actor_lost_in_a_reply(history: HistoryBuilder) -> None:
    history.fields("published", '"CustomerAuthorized"')["detail"]["metadata"]["actor"] = "system"


def changed_in_the_name_of_who_may_nothing(history: HistoryBuilder) -> None:
    history.request("PUT", "/api/baskets/o/addItem", who=BO)
    history.commit("Basket#o", ("ItemAdded", {"line": LINE | {"quantity": 4}, "at": ""}))
    history.respond(status=404)


def registered(history: HistoryBuilder, *after: str) -> None:
    """A customer of the first kiosk, and what became of it afterwards."""
    history.request("POST", "/api/customers", who=KIOSK)
    history.commit("Customer#x", ("Registered", {"name": "X", "sms_number": "1"}))
    history.respond(body={"id": "x"})
    for name in after:
        history.commit("Customer#x", (name, {}))


def session_opened(history: HistoryBuilder, who: str, answer: str) -> None:
    asked(history, who, "POST", "/api/customers/x/sessions", answer={"token": answer, "expiresAt": ""})


def session_by_another_kiosk(history: HistoryBuilder) -> None:
    registered(history)
    session_opened(history, "kiosk:2", token("customer", "x"))


def session_long_after_the_registration(history: HistoryBuilder) -> None:
    registered(history)
    history.wait(613)
    session_opened(history, KIOSK, token("customer", "x"))


def session_in_anothers_name(history: HistoryBuilder) -> None:
    registered(history)
    session_opened(history, KIOSK, token("customer", "c"))


def session_of_a_disabled_customer(history: HistoryBuilder) -> None:
    registered(history, "Disabled")
    session_opened(history, KIOSK, token("customer", "x"))


def token_of_an_earlier_generation(history: HistoryBuilder) -> None:
    history.request("POST", "/api/depot/bots/r/token")
    history.commit("Bot#r", ("TokensRevoked", {"generation": 2}))
    history.respond(body={"token": token("bot", "r", generation=1), "expiresAt": ""})
    asked(history, "staff:1", "POST", "/api/depot/bots/r/token", answer={"token": token("bot", "r", generation=1)})


def token_for_a_revoked_one(history: HistoryBuilder) -> None:
    history.commit("Bot#r", ("TokensRevoked", {"generation": 2}))
    history.wait(30)
    answer = {"token": token("bot", "r", generation=2), "expiresAt": ""}
    asked(history, ROBOT, "POST", "/api/depot/bots/r/token", token=token("bot", "r", generation=1), answer=answer)


def used_by_a_disabled_customer(history: HistoryBuilder) -> None:
    registered(history, "Disabled")
    history.wait(71)
    asked(history, BO, "GET", "/api/stores/s", token=token("customer", "x"))


def used_by_an_erased_customer(history: HistoryBuilder) -> None:
    registered(history, "Erased")
    history.wait(71)
    asked(history, BO, "GET", "/api/stores/s", token=token("customer", "x"))


def used_after_its_end(history: HistoryBuilder) -> None:
    registered(history)
    history.wait(900 + 90)
    asked(history, BO, "GET", "/api/stores/s", token=token("customer", "x"))


def used_by_a_revoked_robot(history: HistoryBuilder) -> None:
    history.commit("Bot#r", ("TokensRevoked", {"generation": 2}))
    history.wait(71)
    asked(history, ROBOT, "PUT", "/api/depot/bots/r/offline", token=token("bot", "r", generation=1))


def used_by_a_retired_robot(history: HistoryBuilder) -> None:
    history.commit("Bot#r", ("Retired", {}))
    history.wait(71)
    asked(history, ROBOT, "GET", "/api/depot/shopping", token=token("bot", "r", generation=1))


def valid_token_refused(history: HistoryBuilder) -> None:
    registered(history)
    asked(history, BO, "GET", "/api/stores/s", 401, token=token("customer", "x"))


def forged_token_admitted(history: HistoryBuilder) -> None:
    registered(history)
    asked(history, "", "GET", "/api/stores/s", token="Bearer a.forged.one")


CASES: list[Case] = [
    ("completed", read_by_another_customer, access.NOT_ADMITTED),
    ("completed", read_by_nobody, access.NOT_ADMITTED),
    ("completed", staffs_route_used_by_a_customer, access.NOT_ADMITTED),
    ("completed", route_that_is_in_no_matrix, access.NOT_ADMITTED),
    ("completed", basket_for_another, access.NOT_ADMITTED),
    ("completed", filter_for_another, access.NOT_ADMITTED),
    ("completed", list_of_another_robot, access.NOT_ADMITTED),
    ("completed", another_robot_taken_offline, access.NOT_ADMITTED),
    ("completed", changed_by_another_without_an_answer, access.NOT_CHANGED),
    ("completed", picked_after_the_list_was_given_back, access.NOT_CHANGED),
    ("completed", order_of_another_in_a_search, access.NOT_SEEN),
    ("completed", customer_of_another_order_shown, access.NOT_SEEN),
    ("completed", list_of_another_robot_listed, access.NOT_SEEN),
    ("completed", version_of_anothers_shown, access.NOT_SEEN),
    ("completed", anothers_is_forbidden, access.REFUSED_AS),
    ("completed", anothers_is_in_conflict, access.REFUSED_AS),
    ("completed", nobody_is_forbidden, access.REFUSED_AS),
    ("completed", wrong_role_is_not_found, access.REFUSED_AS),
    ("completed", operator_is_forbidden, access.ADMITTED),
    ("completed", customer_is_unauthenticated, access.ADMITTED),
    ("completed", own_is_not_found, access.FOUND),
    ("completed", own_list_is_not_found, access.FOUND),
    ("completed", actor_lost_in_a_commit, identity.ACTOR),
    ("completed", actor_lost_in_a_message, identity.ACTOR),
    ("completed", actor_lost_on_the_way, identity.ACTOR),
    ("completed", actor_lost_in_a_reply, identity.ACTOR),
    ("completed", changed_in_the_name_of_who_may_nothing, identity.ACTOR_MAY),
    ("completed", session_by_another_kiosk, identity.ISSUED),
    ("completed", session_long_after_the_registration, identity.ISSUED),
    ("completed", session_in_anothers_name, identity.ISSUED),
    ("completed", session_of_a_disabled_customer, identity.ISSUED),
    ("completed", token_of_an_earlier_generation, identity.ISSUED),
    ("completed", token_for_a_revoked_one, identity.ISSUED),
    ("completed", used_by_a_disabled_customer, identity.REVOKED),
    ("completed", used_by_an_erased_customer, identity.REVOKED),
    ("completed", used_after_its_end, identity.REVOKED),
    ("completed", used_by_a_revoked_robot, identity.REVOKED),
    ("completed", used_by_a_retired_robot, identity.REVOKED),
    ("completed", valid_token_refused, identity.VALID),
    ("completed", forged_token_admitted, access.NOT_ADMITTED),
]
