"""Customers who come back and prove the phone by a one-time code, and robots that renew their tokens."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from functions.customers.codes import phone_id
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import tokens
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.tokens import Claims
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.callers import A_KIOSK, customer, robot
from tests.support.cloud import Response
from tests.support.mall import Mall
from tests.support.runtime import TOKEN_KEY

NUMBER = "+44 20 7946 0000"
SAME_NUMBER = "0044 (0)20 7946-0000"
DIALLED = "+442079460000"
UNKNOWN = "+44 20 7946 0199"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass
class Kiosk:
    """A kiosk in a mall: it registers customers, requests codes and opens sessions."""

    mall: Mall
    caller: Caller = A_KIOSK
    seen: set[str] = field(default_factory=set)

    def ask(self, path: str, body: Any, caller: Caller | None = None) -> Response:
        return self.mall.request("POST", f"/api/customers{path}", body, caller=caller or self.caller)

    def registers(self, number: str = NUMBER) -> str:
        answer = self.ask("", {"name": "Ada Reyes", "smsNumber": number})
        assert answer.status == 200, answer
        self.mall.settle()
        return str(answer.body["id"])

    def requests_a_code(self, number: str = NUMBER) -> str | None:
        """Returns the code that came to a phone, if one did."""
        answer = self.ask("/codes", {"smsNumber": number})
        assert (answer.status, answer.body) == (200, {})
        self.mall.settle()
        return self.sent()

    def sent(self) -> str | None:
        """The code in the one text that came since this was last asked."""
        new = {id: text for id, text in self.mall.texts.sent.items() if id not in self.seen and " code " in text[1]}
        self.seen.update(new)
        found = [re.findall(r"\b[0-9]{6}\b", text) for _, text in new.values()]
        assert len(found) <= 1
        return found[0][0] if found else None

    def signs_in(self, code: str | None, number: str = NUMBER) -> Response:
        return self.ask("/sessions", {"smsNumber": number, "code": code})


def claims(answer: Response) -> Claims:
    assert answer.status == 200, answer
    return tokens.read(answer.body["token"], TOKEN_KEY.public)


def session(mall: Mall, answer: Response) -> Caller:
    """The caller that the authorizer makes of a session's token."""
    with mall.at_work("customers"):
        said = claims(answer)
    return Caller(said.role, said.id, said.more["began"])


@pytest.fixture(params=[None, 7], ids=["in order", "in disorder"])
def kiosk(request: pytest.FixtureRequest) -> Kiosk:
    return Kiosk(Mall(disorder=request.param))


def wrong(code: str | None) -> str:
    assert code
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_customer_who_comes_back_proves_the_phone_and_orders(kiosk: Kiosk) -> None:
    mall = kiosk.mall
    ada = kiosk.registers()
    mall.now += 3 * DAY  # nothing is due meanwhile, so no schedule has to tick
    products = open_a_store(mall, {"cable": 9.95})
    bring_a_robot_online(mall)
    answer = kiosk.signs_in(kiosk.requests_a_code(SAME_NUMBER))
    assert answer.body["customerId"] == ada
    me = session(mall, answer)
    assert me.id == ada

    def do(method: str, path: str, body: Any) -> Any:
        done = mall.request(method, path, body, caller=me)
        assert done.status == 200, done
        return done.body

    basket = do("POST", "/api/baskets", {"customerId": ada})["id"]
    do("PUT", f"/api/baskets/{basket}/addItem", {"productId": products["cable"], "quantity": 1})
    payment = do("POST", "/api/payments", {"customerId": ada, "amount": 9.95})["id"]
    do("PUT", f"/api/baskets/{basket}/checkout", {"paymentId": payment})
    mall.settle()
    collect(Shopper(mall, customer_id=ada, basket_id=basket))
    do("PUT", f"/api/payments/invoices/{basket}/pay", {})
    mall.settle()
    assert do("GET", f"/api/ordering/{basket}", None)["order"]["status"] == "completed"
    mall.pass_time(600)
    assert mall.request("POST", f"/api/customers/{ada}/sessions", {}, caller=me).status == 200
    assert mall.dead_letters() == {}


def test_a_code_is_sent_to_the_number_that_the_customer_has_and_in_the_customers_language(kiosk: Kiosk) -> None:
    ada = kiosk.registers()
    kiosk.mall.request("PUT", f"/api/customers/{ada}/language", {"language": "es"})
    kiosk.mall.settle()
    kiosk.ask("/codes", {"smsNumber": SAME_NUMBER})
    kiosk.mall.settle()
    (text,) = kiosk.mall.texts.sent.values()
    assert text[0] == DIALLED
    assert text[1].startswith("MallBots: su clave es ")


def test_a_code_that_was_guessed_five_times_opens_no_session(kiosk: Kiosk) -> None:
    kiosk.registers()
    code = kiosk.requests_a_code()
    assert {kiosk.signs_in(wrong(code)).status for _ in range(5)} == {403}
    assert kiosk.signs_in(code).status == 403
    assert kiosk.signs_in(kiosk.requests_a_code()).status == 200


def test_a_code_opens_one_session(kiosk: Kiosk) -> None:
    kiosk.registers()
    code = kiosk.requests_a_code()
    assert [kiosk.signs_in(code).status for _ in range(3)] == [200, 403, 403]


def test_a_new_code_makes_the_one_before_invalid(kiosk: Kiosk) -> None:
    kiosk.registers()
    first, second = kiosk.requests_a_code(), kiosk.requests_a_code()
    assert kiosk.signs_in(first).status == 403
    assert kiosk.signs_in(second).status == 200


def test_a_number_that_nobody_has_gets_the_same_answers_and_no_text(kiosk: Kiosk) -> None:
    assert kiosk.requests_a_code(UNKNOWN) is None
    assert kiosk.signs_in("123456", UNKNOWN).status == 403
    assert kiosk.mall.texts.sent == {}
    assert kiosk.mall.dead_letters() == {}


def test_an_erased_customer_gets_no_code_and_no_session_and_the_digest_is_gone(kiosk: Kiosk) -> None:
    mall = kiosk.mall
    ada = kiosk.registers()
    code = kiosk.requests_a_code()
    mall.request("DELETE", f"/api/customers/{ada}")
    assert kiosk.signs_in(code).status == 403, "though no message was delivered yet"
    mall.settle()
    assert kiosk.requests_a_code() is None
    assert kiosk.signs_in(code).status == 403
    with mall.at_work("customers"):
        digest = phone_id(NUMBER)
    views = mall.runtimes["customers"].views
    assert isinstance(views, MemoryViews)
    assert digest not in str(views.items)
    said = [str(message.detail()) for message in mall.published]
    assert [text for text in said if digest in text and ada in text] == [], "no message leads from a digest to anyone"


def test_a_disabled_customer_gets_no_code_until_enabled_again(kiosk: Kiosk) -> None:
    mall = kiosk.mall
    ada = kiosk.registers()
    mall.request("PUT", f"/api/customers/{ada}/disable")
    mall.settle()
    assert kiosk.requests_a_code() is None
    mall.request("PUT", f"/api/customers/{ada}/enable")
    mall.settle()
    assert kiosk.signs_in(kiosk.requests_a_code()).body["customerId"] == ada


def test_a_customer_who_changed_the_number_gets_the_code_at_the_new_one_alone(kiosk: Kiosk) -> None:
    mall = kiosk.mall
    ada = kiosk.registers()
    code = kiosk.requests_a_code()
    mall.request("PUT", f"/api/customers/{ada}/change-sms", {"smsNumber": UNKNOWN})
    assert kiosk.signs_in(code).status == 403, "the phone that was proven is not the customer's any more"
    mall.settle()
    assert kiosk.requests_a_code() is None
    assert kiosk.signs_in(kiosk.requests_a_code(UNKNOWN), UNKNOWN).body["customerId"] == ada
    assert [number for number, _ in mall.texts.sent.values()] == [DIALLED, "+442079460199"]


def test_a_code_goes_to_the_phone_that_it_proves_however_the_number_is_written(kiosk: Kiosk) -> None:
    """SNS takes no brackets: as written, this would be dialled with the zero, which may be somebody else's phone."""
    kiosk.registers("+44 (0)20 7946 0000")
    assert kiosk.requests_a_code(NUMBER)
    assert [number for number, _ in kiosk.mall.texts.sent.values()] == [DIALLED]


def test_a_text_that_is_late_is_not_sent(kiosk: Kiosk) -> None:
    mall = kiosk.mall
    kiosk.registers()
    mall.stop("notifications")
    kiosk.requests_a_code()
    mall.pass_time(300)
    mall.start("notifications")
    mall.settle()
    assert mall.texts.sent == {}
    assert mall.dead_letters() == {}


def test_a_text_waits_for_the_owner_and_is_sent_once(kiosk: Kiosk) -> None:
    mall = kiosk.mall
    kiosk.registers()
    mall.hold("notifications", "OneTimeCodeRequested")
    assert kiosk.requests_a_code() is None
    mall.stop("customers")
    mall.release("notifications", "OneTimeCodeRequested")
    mall.settle()
    assert mall.texts.sent == {}
    mall.start("customers")
    mall.pass_time(60)
    assert kiosk.signs_in(kiosk.sent()).status == 200


def test_the_kiosk_that_registered_a_customer_opens_the_first_session_and_no_other(kiosk: Kiosk) -> None:
    ada = kiosk.registers()
    mall = kiosk.mall
    me = session(mall, kiosk.ask(f"/{ada}/sessions", {}))
    assert mall.request("POST", "/api/baskets", {"customerId": ada}, caller=me).status == 200
    assert kiosk.ask(f"/{ada}/sessions", {}, customer("someone else", me.began)).status == 404
    other = Kiosk(mall, Caller(A_KIOSK.role, "kiosk-2"))
    assert other.ask(f"/{ada}/sessions", {}).status == 404


def test_a_robot_renews_its_token_day_by_day_until_staff_revoke_it(kiosk: Kiosk) -> None:
    mall = kiosk.mall
    bot = mall.request("POST", "/api/depot/bots", {"name": "Ajax"}).body
    me, token = robot(bot["id"]), bot["token"]

    def valid() -> bool:
        """As the authorizer judges: signed and in time, of the generation of now."""
        with mall.at_work("depot"):
            said = tokens.read(token, TOKEN_KEY.public)
        found = mall.ask("depot", {"query": "FindBotCredential", "data": {"bot_id": bot["id"]}})["answer"]
        return bool(said.more["generation"] == found["generation"])

    for _ in range(3):
        mall.now += DAY - MINUTE
        assert valid()
        token = mall.request("POST", f"/api/depot/bots/{bot['id']}/token", {}, caller=me).body["token"]
    mall.request("POST", f"/api/depot/bots/{bot['id']}/token", {})
    assert not valid()
