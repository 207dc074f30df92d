"""Customers whose names and numbers are canaries, what they do, and when each is erased."""

import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from clients.mall import Json, Mall, MallError, WaitTimeoutError, wait_for
from clients.order import Order
from clients.people import session
from clients.scenarios.stock import Stock, open_shop
from tests.e2e.conftest import Deployed
from tests.simulation.check.canaries import Canaries, normalized
from tests.simulation.check.records import Request
from tests.simulation.workload.canaries import name_of, number_of

CODES = 3  # that a phone may ask for in 15 minutes


@dataclass
class Person:
    """A customer.

    numbers: all that were ever told. used: the token of the session, which the gateway has seen. unused: another one,
    which it has not. texts: those that came before the erasure.
    """

    whose: str
    name: str
    numbers: list[str]
    order: Order
    used: str = ""
    unused: str = ""
    texts: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.order.customer_id


class Scene:
    """A mall, the people in it, and every request that told a name or a number."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.stock: Stock = open_shop(deployed.mall)
        self.told: list[Request] = []
        self.people: dict[str, Person] = {}

    @property
    def canaries(self) -> Canaries:
        """All names and numbers that were told."""
        return Canaries(self.told)

    def tell(self, by: Mall, method: str, path: str, body: Json, key: str | None = None) -> Json:
        """A request that tells a name or a number. Raises MallError."""
        key = key or str(uuid.uuid4())
        self.told.append(Request(key, 0, "", method, path, key, body, None))
        return by.call(method, path, body, key=key)

    def refused(self, by: Mall, method: str, path: str, body: Json, status: int, key: str | None = None) -> None:
        """A request that tells a name or a number, and is refused."""
        with pytest.raises(MallError) as refusal:
            self.tell(by, method, path, body, key)
        assert refusal.value.status == status

    def registered(self, whose: str) -> Person:
        """Someone who registers at the kiosk, twice under one key, proves the phone, and takes another number."""
        kiosk, order = self.deployed.people.kiosk, Order(self.deployed.people)
        mark = str(uuid.uuid4())
        person = Person(whose, name_of(mark), [number_of(mark)], order)
        body, key = {"name": person.name, "smsNumber": person.numbers[0]}, str(uuid.uuid4())
        order.customer_id = self.tell(kiosk, "POST", "/api/customers", body, key)["id"]
        assert self.tell(kiosk, "POST", "/api/customers", body, key)["id"] == order.customer_id
        opened = session(kiosk, order.customer_id)
        person.used, order.session = opened.token(), kiosk.acting(opened)
        self._proves(person)
        for spelling in (1, 2):
            number = number_of(f"{mark} {spelling}", spelling)
            self.tell(order.session, "PUT", f"/api/customers/{person.id}/change-sms", {"smsNumber": number})
            person.numbers.append(number)
        self.people[whose] = person
        return person

    def _proves(self, person: Person) -> None:
        kiosk, number = self.deployed.people.kiosk, person.numbers[0]
        body = {"smsNumber": number, "code": self._code_for(number)}
        assert self.tell(kiosk, "POST", "/api/customers/sessions", body)["customerId"] == person.id

    def _code_for(self, number: str) -> str:
        def code() -> str | None:
            found = [code for text in self.texts_to(number) for code in re.findall(r"\b\d{6}\b", text)]
            return found[-1] if found else None

        for _ in range(CODES):
            self.tell(self.deployed.people.kiosk, "POST", "/api/customers/codes", {"smsNumber": number})
            with suppress(WaitTimeoutError):
                return wait_for(code, "the text with the code", seconds=20)
        raise AssertionError("no text with a code came")

    def texts_to(self, *numbers: str) -> list[str]:
        """The texts that SNS was to send, which the engine keeps in the carrier's place."""
        address = f"{self.deployed.cloud.address}/_ministack/sns/sms-messages"
        sent: list[str] = []
        for number in map(normalized, numbers):
            found: Any = httpx.get(address, params={"phoneNumber": number}).json()
            sent += [str(text["Message"]) for text in found["sms_messages"][number]]
        return sent

    def erase(self, person: Person) -> None:
        """Erase a customer, who asks for it, and note which texts came until then."""
        person.texts = self.texts_to(*person.numbers)
        person.unused = wait_for(lambda: self._another_token(person), "a token of another second, so another one")
        person.order.customer.call("DELETE", f"/api/customers/{person.id}")

    def _another_token(self, person: Person) -> str | None:
        token: str = person.order.customer.post(f"/api/customers/{person.id}/sessions")["token"]
        return token if token != person.used else None


def a_scene(deployed: Deployed) -> Scene:
    """One customer who stays; those who are erased before, during and after an order; and requests that are refused."""
    scene = Scene(deployed)
    _stays(scene)
    _is_erased_before_an_order(scene)
    _is_erased_during_an_order(scene)
    _is_erased_after_an_order(scene)
    _is_refused(scene)
    return scene


def _stays(scene: Scene) -> None:
    _buys(scene, scene.registered("who stays"))


def _is_erased_before_an_order(scene: Scene) -> None:
    person = scene.registered("who is erased before")
    order = person.order.fills_a_basket(scene.stock.plain).authorizes_a_payment()
    scene.erase(person)
    order.by_staff.checks_out()
    _ends(order, "rejected")


def _is_erased_during_an_order(scene: Scene) -> None:
    person = scene.registered("who is erased during")
    order = person.order.fills_a_basket(scene.stock.plain).authorizes_a_payment().checks_out().is_approved()
    wait_for(lambda: {"approved", "received"} <= order.texts() or None, "the texts about the order")
    scene.erase(person)
    order.is_collected().by_staff.pays()
    _ends(order, "completed")


def _is_erased_after_an_order(scene: Scene) -> None:
    person = scene.registered("who is erased after")
    _buys(scene, person)
    scene.erase(person)
    with suppress(MallError):  # whose session may have ended
        body = {"smsNumber": person.numbers[0]}
        scene.tell(person.order.customer, "PUT", f"/api/customers/{person.id}/change-sms", body)
    scene.tell(scene.deployed.people.kiosk, "POST", "/api/customers/codes", {"smsNumber": person.numbers[-1]})


def _is_refused(scene: Scene) -> None:
    kiosk, staff = scene.deployed.people.kiosk, scene.deployed.mall
    mark = str(uuid.uuid4())
    name, number = name_of(mark), number_of(mark)
    nobody = f"/api/customers/{uuid.uuid4()}/change-sms"
    stays, key = scene.people["who stays"], str(uuid.uuid4())
    scene.refused(kiosk, "POST", "/api/customers", {"name": name * 20, "smsNumber": number}, 400)
    scene.refused(kiosk, "POST", "/api/customers", {"name": " ", "smsNumber": number}, 400)
    scene.refused(kiosk, "POST", "/api/customers", {"name": {"first": name}, "smsNumber": number}, 400)
    scene.refused(staff, "PUT", nobody, {"smsNumber": number}, 404)
    scene.refused(kiosk, "POST", "/api/customers/sessions", {"smsNumber": number, "code": "123456"}, 403)
    path = f"/api/customers/{stays.id}/change-sms"
    scene.tell(staff, "PUT", path, {"smsNumber": stays.numbers[-1]}, key)
    scene.refused(staff, "PUT", path, {"smsNumber": number}, 422, key)


def _buys(scene: Scene, person: Person) -> None:
    order = person.order.fills_a_basket(scene.stock.plain).authorizes_a_payment().checks_out()
    order.is_collected().pays()
    _ends(order, "completed")
    wait_for(lambda: "completed" in order.texts() or None, "the text at the end")


def _ends(order: Order, status: str) -> None:
    wait_for(lambda: order.by_staff.order()["status"] == status or None, f"order {order.id} {status}", seconds=120)
