"""Broken histories of commands, messages, side effects and money, each with the invariant that it violates."""

from copy import deepcopy
from typing import Any

from tests.simulation.check import commands, delivery, money, side_effects, transitions
from tests.simulation.history_builder import Case, HistoryBuilder
from tests.simulation.sample_histories import LINE


def response_to(history: HistoryBuilder, path: str) -> dict[str, Any]:
    """The response to the request of a path."""
    return history.fields("response", history.fields("request", path)["id"])


def gap(history: HistoryBuilder) -> None:
    history.drop("commit", '"Basket#o", 2')


def fork(history: HistoryBuilder) -> None:
    history.duplicate_commit('"Basket#o", 2', version=2)


def lost_from_the_table(history: HistoryBuilder) -> None:
    del history.tables["ordering/events"]["Order#o", 1]


def refused_and_stored(history: HistoryBuilder) -> None:
    response_to(history, "addItem")["status"] = 409


def accepted_and_not_stored(history: HistoryBuilder) -> None:
    history.drop("commit", '"Basket#o", 3')


def began_with_an_item_too_few(history: HistoryBuilder) -> None:
    cable, charger = {"productId": "cable", "quantity": 1}, {"productId": "charger", "quantity": 1}
    history.request("POST", "/api/baskets/withItems", body={"customerId": "c", "items": [cable, charger]})
    line = {"line": LINE | {"quantity": 1}, "at": ""}
    history.commit("Basket#x", ("Started", {"customer_id": "c", "at": ""}), ("ItemAdded", line))
    history.respond(body={"id": "x"}, version=1)


def created_something_else(history: HistoryBuilder) -> None:
    response_to(history, "/api/baskets")["body"] = {"id": "another"}


def stored_twice_for_one_request(history: HistoryBuilder) -> None:
    fields = deepcopy(history.fields("commit", '"Basket#o", 2'))
    position = history.find("commit", '"Basket#o", 2')
    fields["item"]["version"], fields["item"]["id"] = {"N": "3"}, {"S": "again"}
    fields["key"][1] = 3
    history.entries.insert(position + 1, (history.entries[position][0], "commit", fields))


def stored_twice_for_one_key(history: HistoryBuilder) -> None:
    history.request("PUT", "/api/baskets/o/addItem", key="3")
    history.commit("Basket#o", ("ItemAdded", {"line": LINE | {"quantity": 6}, "at": ""}))
    history.respond(status=None)


def another_answer_for_one_key(history: HistoryBuilder) -> None:
    history.request("POST", "/api/baskets", key="2")
    history.respond(body={"id": "p"})


def refused_when_repeated(history: HistoryBuilder) -> None:
    history.request("POST", "/api/baskets", key="2")
    history.respond(status=409)


def another_version_for_one_key(history: HistoryBuilder) -> None:
    history.request("POST", "/api/baskets", key="2")
    history.respond(body={"id": "o"}, version=7)


def key_not_stored(history: HistoryBuilder) -> None:
    history.request("PUT", "/api/baskets/o/removeItem", key="nothing there")
    history.respond()


def unchanged_and_published(history: HistoryBuilder) -> None:
    history.request("PUT", "/api/baskets/o/removeItem", key="nothing there")
    history.commit("Basket#o", ("Unchanged", {}), messages=[("BasketCancelled", {"basket_id": "o"})])
    history.respond()


def stale_write(history: HistoryBuilder) -> None:
    history.fields("request", "checkout")["if_match"] = '"1"'


def answered_with_the_version_before(history: HistoryBuilder) -> None:
    response_to(history, "checkout")["version"] = 1


def stale_read(history: HistoryBuilder) -> None:
    history.request("GET", "/api/baskets/o")
    history.respond(version=2)


def approved_after_completion(history: HistoryBuilder) -> None:
    history.commit("Order#o", ("Approved", {"shopping_list_id": "o"}))


def ready_and_paid_but_not_completed(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Order#o", 4',), ', ["Completed", 1, {}]', "")


def unknown_aggregate_class(history: HistoryBuilder) -> None:
    fields = deepcopy(history.fields("commit", '"Basket#o", 1'))
    fields["item"]["stream"], fields["key"][0] = {"S": "Parcel#o"}, "Parcel#o"
    history.record("commit", **fields)
    history.tables["baskets/events"]["Parcel#o", 1] = fields["item"]


def amount_of_2_to_the_53(history: HistoryBuilder) -> None:
    history.commit("Invoice#o", ("Adjusted", {"amount": 2**53}))


def negative_quantity(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Basket#o", 2',), '"quantity": 3', '"quantity":-3')


def never_published(history: HistoryBuilder) -> None:
    history.drop("published", '"OrderPaid"')


def never_routed(history: HistoryBuilder) -> None:
    position = history.find("sent", "search/inbox", "OrderPaid")
    del history.entries[position : position + 3]


def never_handled(history: HistoryBuilder) -> None:
    message = history.fields("sent", "search/inbox", "OrderPaid")["message"]
    history.drop("deleted", message + '"')


def timer_lost(history: HistoryBuilder) -> None:
    position = history.find("sent", "checkout/inbox", "SagaWatchEnds")
    del history.entries[position : position + 3]
    history.wait(60)
    history.record("clock", container="api", skew=0)


def published_otherwise(history: HistoryBuilder) -> None:
    published = history.fields("published", '"InvoiceCreated"')
    published["detail"] = deepcopy(published["detail"])
    published["detail"]["data"]["amount"] = 1


def command_without_answer(history: HistoryBuilder) -> None:
    history.drop("published", '"CustomerAuthorized"')


def dead_lettered_too_early(history: HistoryBuilder) -> None:
    sent = history.fields("sent", "search/inbox", "OrderPaid")
    reason = {"reason": "busy", "tries": "2"}
    history.record("dead", queue="search/inbox/dead-letters", message="d", body=sent["body"], reason=reason, by="inbox")


def one_message_two_effects(history: HistoryBuilder) -> None:
    history.duplicate_commit('"Invoice#o", 1', version=4)


def a_text_with_two_ids(history: HistoryBuilder) -> None:
    effect = deepcopy(history.fields("effect", "Your order is received."))
    history.record("effect", **{**effect, "request_id": "another"})


def a_notification_twice(history: HistoryBuilder) -> None:
    data = {"order_id": "o", "customer_id": "c", "kind": "received", "at": ""}
    history.commit("Notification#x", ("Sent", data))


def a_text_skipped(history: HistoryBuilder) -> None:
    words = ("commit", "Notification#o approved")
    item = history.fields(*words)["item"]
    item["events"] = {"S": item["events"]["S"].replace('"Sent"', '"Skipped"').replace('"at": ""', '"reason": "no"')}


def a_stage_without_notification(history: HistoryBuilder) -> None:
    history.drop("commit", "Notification#o received")


def recorded_and_not_sent(history: HistoryBuilder) -> None:
    history.drop("effect", "Your order is received.")


def refund_twice(history: HistoryBuilder) -> None:
    effect = deepcopy(history.fields("effect", "refund"))
    history.record("effect", **{**effect, "request_id": "p 2"})


def refund_recorded_and_not_paid(history: HistoryBuilder) -> None:
    history.drop("effect", "refund")


def refund_id_of_another(history: HistoryBuilder) -> None:
    effect = deepcopy(history.fields("effect", "refund"))
    history.record("effect", **{**effect, "what": {"call": "refund", "payment": "p", "amount": 999}})


def refund_forgotten(history: HistoryBuilder) -> None:
    history.drop("commit", '"Payment#p", 5')
    history.drop("effect", "refund")


def captured_too_much(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Payment#p", 3',), "3000", "6000")


def refunded_too_much(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Payment#p", 4',), "1000", "4000")


def refund_of_a_delta(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Payment#p", 5',), "1000", "2000")


def captured_without_invoice(history: HistoryBuilder) -> None:
    history.drop("commit", '"Payment#p", 3')


def owed_rises(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Invoice#o", 3',), "2000", "4000")


def invoice_of_another_amount(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Invoice#o", 3',), "2000", "1500")


def no_invoice(history: HistoryBuilder) -> None:
    history.drop("commit", '"Invoice#o", 1')


def refund_not_published(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Payment#p", 5',), '"refunded": 1000', '"refunded": 0', part="messages")


def not_released(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Payment#p", 5',), '"released": 2000', '"released": 0', part="messages")


def payment_not_released(history: HistoryBuilder) -> None:
    history.drop("commit", '"Payment#p", 2')


def paid_with_no_payment(history: HistoryBuilder) -> None:
    history.replace("commit", ('"Payment#p", 2',), '"order_id": "o"', '"order_id": "x"')


CASES: list[Case] = [
    ("completed", gap, commands.VERSIONS_IN_ORDER),
    ("completed", fork, commands.VERSIONS_IN_ORDER),
    ("completed", lost_from_the_table, commands.DURABLE),
    ("completed", refused_and_stored, commands.NEVER_STORED),
    ("completed", accepted_and_not_stored, commands.ONCE),
    ("completed", began_with_an_item_too_few, commands.ONCE),
    ("completed", created_something_else, commands.ONCE),
    ("completed", stored_twice_for_one_request, commands.AT_MOST_ONCE),
    ("completed", stored_twice_for_one_key, commands.AT_MOST_ONCE),
    ("completed", another_answer_for_one_key, commands.SAME_ANSWER),
    ("completed", another_version_for_one_key, commands.SAME_ANSWER),
    ("completed", refused_when_repeated, commands.SAME_ANSWER),
    ("completed", key_not_stored, commands.KEY_STORED),
    ("completed", unchanged_and_published, commands.KEY_STORED),
    ("completed", stale_write, commands.IF_MATCH),
    ("completed", answered_with_the_version_before, commands.ANSWERED_VERSION),
    ("completed", stale_read, commands.READ_YOUR_WRITES),
    ("completed", approved_after_completion, transitions.LEGAL),
    ("completed", ready_and_paid_but_not_completed, transitions.LEGAL),
    ("completed", unknown_aggregate_class, transitions.LEGAL),
    ("completed", negative_quantity, transitions.NOT_NEGATIVE),
    ("completed", amount_of_2_to_the_53, transitions.WITHIN_NUMBERS),
    ("completed", never_published, delivery.PUBLISHED),
    ("completed", never_routed, delivery.DELIVERED),
    ("completed", never_handled, delivery.DELIVERED),
    ("completed", timer_lost, delivery.DELIVERED),
    ("completed", published_otherwise, delivery.VERBATIM),
    ("completed", command_without_answer, delivery.ANSWERED),
    ("completed", dead_lettered_too_early, delivery.DEAD_LETTER_REASON),
    ("completed", one_message_two_effects, side_effects.ONE_EFFECT),
    ("completed", a_text_with_two_ids, side_effects.ONE_ID),
    ("completed", a_notification_twice, side_effects.NOTIFIED_ONCE),
    ("completed", a_stage_without_notification, side_effects.NOTIFIED_ONCE),
    ("completed", a_text_skipped, side_effects.SKIPPED),
    ("completed", recorded_and_not_sent, side_effects.RECORDED),
    ("completed", refund_twice, side_effects.REFUNDED_ONCE),
    ("completed", refund_recorded_and_not_paid, side_effects.RECORDED),
    ("completed", refund_id_of_another, side_effects.ONE_ID),
    ("completed", refund_forgotten, money.OWED),
    ("completed", captured_too_much, money.WITHIN_LIMITS),
    ("completed", refunded_too_much, money.WITHIN_LIMITS),
    ("completed", refund_of_a_delta, money.WITHIN_LIMITS),
    ("completed", captured_without_invoice, money.TOGETHER),
    ("completed", owed_rises, money.NEVER_RISES),
    ("completed", invoice_of_another_amount, money.INVOICED),
    ("refused", no_invoice, money.INVOICED),
    ("completed", refund_not_published, money.OWED),
    ("completed", not_released, money.RELEASED),
    ("refused", payment_not_released, money.RELEASED),
    ("completed", paid_with_no_payment, money.OWN_PAYMENT),
]
