"""What may be wrong with commands, messages, effects and money, each with the promise that it breaks."""

from copy import deepcopy
from typing import Any

from tests.simulation.broken_history import Case, Told
from tests.simulation.check import commands, delivery, money, side_effects
from tests.simulation.check import transitions as lives
from tests.simulation.sample_histories import LINE


def requested(told: Told, path: str) -> dict[str, Any]:
    """The answer to the request of a path."""
    return told.fields("response", told.fields("request", path)["id"])


def gap(told: Told) -> None:
    told.drop("commit", '"Basket#o", 2')


def fork(told: Told) -> None:
    told.commit_again('"Basket#o", 2', version=2)


def lost_from_the_table(told: Told) -> None:
    del told.tale.tables["ordering/events"]["Order#o", 1]


def refused_and_stored(told: Told) -> None:
    requested(told, "addItem")["status"] = 409


def accepted_and_not_stored(told: Told) -> None:
    told.drop("commit", '"Basket#o", 3')


def created_something_else(told: Told) -> None:
    requested(told, "/api/baskets")["body"] = {"id": "another"}


def stored_twice_for_one_request(told: Told) -> None:
    fields = deepcopy(told.fields("commit", '"Basket#o", 2'))
    place = told.find("commit", '"Basket#o", 2')
    fields["item"]["version"], fields["item"]["id"] = {"N": "3"}, {"S": "again"}
    fields["key"][1] = 3
    told.tale.notes.insert(place + 1, (told.tale.notes[place][0], "commit", fields))


def stored_twice_for_one_key(told: Told) -> None:
    told.tale.ask("PUT", "/api/baskets/o/addItem", key="3")
    told.tale.commit("Basket#o", ("ItemAdded", {"line": LINE | {"quantity": 6}, "at": ""}))
    told.tale.answer(status=None)


def another_answer_for_one_key(told: Told) -> None:
    told.tale.ask("POST", "/api/baskets", key="2")
    told.tale.answer(body={"id": "p"})


def refused_when_repeated(told: Told) -> None:
    told.tale.ask("POST", "/api/baskets", key="2")
    told.tale.answer(status=409)


def stale_write(told: Told) -> None:
    told.fields("request", "checkout")["if_match"] = '"1"'


def stale_read(told: Told) -> None:
    told.tale.ask("GET", "/api/baskets/o")
    told.tale.answer(version=2)


def approved_after_its_end(told: Told) -> None:
    told.tale.commit("Order#o", ("Approved", {"shopping_list_id": "o"}))


def ready_and_paid_and_left_so(told: Told) -> None:
    told.replace("commit", ('"Order#o", 4',), ', ["Completed", 1, {}]', "")


def unknown_kind(told: Told) -> None:
    fields = deepcopy(told.fields("commit", '"Basket#o", 1'))
    fields["item"]["stream"], fields["key"][0] = {"S": "Parcel#o"}, "Parcel#o"
    told.tale.note("commit", **fields)
    told.tale.tables["baskets/events"]["Parcel#o", 1] = fields["item"]


def negative(told: Told) -> None:
    told.replace("commit", ('"Basket#o", 2',), '"quantity": 3', '"quantity":-3')


def never_sent(told: Told) -> None:
    told.drop("published", '"OrderPaid"')


def never_routed(told: Told) -> None:
    place = told.find("sent", "search/inbox", "OrderPaid")
    del told.tale.notes[place : place + 3]


def never_handled(told: Told) -> None:
    message = told.fields("sent", "search/inbox", "OrderPaid")["message"]
    told.drop("deleted", message + '"')


def reminder_lost(told: Told) -> None:
    place = told.find("sent", "checkout/inbox", "StepTimedOut")
    del told.tale.notes[place : place + 3]
    told.tale.wait(60)
    told.tale.note("clock", container="api", skew=0)


def sent_otherwise(told: Told) -> None:
    published = told.fields("published", '"InvoiceCreated"')
    published["detail"] = deepcopy(published["detail"])
    published["detail"]["data"]["amount"] = 1


def command_without_answer(told: Told) -> None:
    told.drop("published", '"CustomerAuthorized"')


def given_up_too_soon(told: Told) -> None:
    sent = told.fields("sent", "search/inbox", "OrderPaid")
    reason = {"reason": "busy", "tries": "2"}
    told.tale.note("dead", queue="search/inbox/dead-letters", message="d", body=sent["body"], reason=reason, by="inbox")


def one_message_two_effects(told: Told) -> None:
    told.commit_again('"Invoice#o", 1', version=4)


def a_text_with_two_ids(told: Told) -> None:
    effect = deepcopy(told.fields("effect", "Your order is received."))
    told.tale.note("effect", **{**effect, "request_id": "another"})


def a_notification_twice(told: Told) -> None:
    data = {"order_id": "o", "customer_id": "c", "kind": "received", "at": ""}
    told.tale.commit("Notification#x", ("Sent", data))


def a_stage_not_told(told: Told) -> None:
    told.drop("commit", "Notification#o received")


def recorded_and_not_sent(told: Told) -> None:
    told.drop("effect", "Your order is received.")


def refund_twice(told: Told) -> None:
    effect = deepcopy(told.fields("effect", "provider"))
    told.tale.note("effect", **{**effect, "request_id": "p 2"})


def refund_recorded_and_not_paid(told: Told) -> None:
    told.drop("effect", "provider")


def refund_id_of_another(told: Told) -> None:
    effect = deepcopy(told.fields("effect", "provider"))
    told.tale.note("effect", **{**effect, "what": {"payment": "p", "amount": 999}})


def refund_forgotten(told: Told) -> None:
    told.drop("commit", '"Payment#p", 5')
    told.drop("effect", "provider")


def captured_too_much(told: Told) -> None:
    told.replace("commit", ('"Payment#p", 3',), "3000", "6000")


def refunded_too_much(told: Told) -> None:
    told.replace("commit", ('"Payment#p", 4',), "1000", "4000")


def refund_of_a_delta(told: Told) -> None:
    told.replace("commit", ('"Payment#p", 5',), "1000", "2000")


def captured_without_invoice(told: Told) -> None:
    told.drop("commit", '"Payment#p", 3')


def owed_rises(told: Told) -> None:
    told.replace("commit", ('"Invoice#o", 3',), "2000", "4000")


def invoice_of_another_amount(told: Told) -> None:
    told.replace("commit", ('"Invoice#o", 3',), "2000", "1500")


def no_invoice(told: Told) -> None:
    told.drop("commit", '"Invoice#o", 1')


def nothing_kept(told: Told) -> None:
    told.replace("commit", ('"Payment#p", 5',), '"refunded": 1000', '"refunded": 0', part="messages")


def not_released(told: Told) -> None:
    told.replace("commit", ('"Payment#p", 5',), '"released": 2000', '"released": 0', part="messages")


def payment_not_let_go(told: Told) -> None:
    told.drop("commit", '"Payment#p", 2')


def served_by_no_payment(told: Told) -> None:
    told.replace("commit", ('"Payment#p", 2',), '"order_id": "o"', '"order_id": "x"')


CASES: list[Case] = [
    ("completed", gap, commands.IN_ORDER),
    ("completed", fork, commands.IN_ORDER),
    ("completed", lost_from_the_table, commands.KEPT),
    ("completed", refused_and_stored, commands.NEVER),
    ("completed", accepted_and_not_stored, commands.ONCE),
    ("completed", created_something_else, commands.ONCE),
    ("completed", stored_twice_for_one_request, commands.AT_MOST_ONCE),
    ("completed", stored_twice_for_one_key, commands.AT_MOST_ONCE),
    ("completed", another_answer_for_one_key, commands.SAME_ANSWER),
    ("completed", refused_when_repeated, commands.SAME_ANSWER),
    ("completed", stale_write, commands.IF_MATCH),
    ("completed", stale_read, commands.FRESH),
    ("completed", approved_after_its_end, lives.LEGAL),
    ("completed", ready_and_paid_and_left_so, lives.LEGAL),
    ("completed", unknown_kind, lives.LEGAL),
    ("completed", negative, lives.NOT_NEGATIVE),
    ("completed", never_sent, delivery.SENT),
    ("completed", never_routed, delivery.REACHED),
    ("completed", never_handled, delivery.REACHED),
    ("completed", reminder_lost, delivery.REACHED),
    ("completed", sent_otherwise, delivery.VERBATIM),
    ("completed", command_without_answer, delivery.ANSWERED),
    ("completed", given_up_too_soon, delivery.ACCOUNTED),
    ("completed", one_message_two_effects, side_effects.ONE_EFFECT),
    ("completed", a_text_with_two_ids, side_effects.ONE_ID),
    ("completed", a_notification_twice, side_effects.TOLD),
    ("completed", a_stage_not_told, side_effects.TOLD),
    ("completed", recorded_and_not_sent, side_effects.RECORDED),
    ("completed", refund_twice, side_effects.PAID_BACK),
    ("completed", refund_recorded_and_not_paid, side_effects.RECORDED),
    ("completed", refund_id_of_another, side_effects.ONE_ID),
    ("completed", refund_forgotten, money.OWED),
    ("completed", captured_too_much, money.WITHIN),
    ("completed", refunded_too_much, money.WITHIN),
    ("completed", refund_of_a_delta, money.WITHIN),
    ("completed", captured_without_invoice, money.TOGETHER),
    ("completed", owed_rises, money.FALLS),
    ("completed", invoice_of_another_amount, money.BILLED),
    ("refused", no_invoice, money.BILLED),
    ("completed", nothing_kept, money.OWED),
    ("completed", not_released, money.RELEASED),
    ("refused", payment_not_let_go, money.RELEASED),
    ("completed", served_by_no_payment, money.SERVED),
]
