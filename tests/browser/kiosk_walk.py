"""A whole order by ear: each step says what it must, and is pressed twice, loses its answers, or is reloaded."""

from dataclasses import dataclass
from typing import Literal

from tests.browser.kiosk_listener import Listener
from tests.browser.kiosk_page import Kiosk

Fault = Literal["none", "double tap", "lost reply", "reload"]
FAULTS: tuple[Fault, ...] = ("none", "double tap", "lost reply", "reload")

PHONE = "5550199"
KEYS = ("123", "456", "789", "+0")
WRITES = (
    "POST /api/customers",
    "POST /api/customers/{id}/sessions",
    "POST /api/baskets/withItems",
    "POST /api/payments",
)
CHECK_OUT = "PUT /api/baskets/{id}/checkout"


@dataclass(frozen=True)
class Words:
    """What is heard and pressed, in one language. count and total are filled in."""

    start: str
    shop: str
    store_intro: str
    products: str
    add: str
    added: str
    basket: str
    your_basket: str
    check: str
    right: str
    yes: str
    before: str
    new: str
    phone: str
    private: str
    field: str
    delete: str
    wrong_phone: str
    next: str
    name: str
    skip: str
    pay: str
    checked: str
    order: str
    unreachable: str
    unsure: str
    thanks: str
    accepted: str
    ready: str


EN = Words(
    start="button, Start in English",
    shop="heading, Where would you like to shop?, Choose a store, or search all of them., level 1",
    store_intro="heading, Paper Lantern Books, Tap Add to put something in your basket., level 1",
    products="polite: 2 products",
    add="button, Add A Short History of Tea, $18.90",
    added="polite: A Short History of Tea: {count} in your basket. Total {total}.",
    basket="button, Basket, {items}, {total}",
    your_basket="heading, Your basket, {items}, {total} in all., level 1",
    check="button, Check what you order",
    right="heading, Is this right?, Nothing is ordered yet., level 1",
    yes="button, Yes, continue",
    before="heading, Have you ordered here before?, Both ways take a minute., level 1",
    new="button, No, I am new",
    phone="heading, Your phone number, We text you when your order is ready. Your number is not read aloud., level 1",
    private="7 characters",
    field="textbox, Phone number, With its area code, such as 555 010 0199",
    delete="button, Delete",
    wrong_phone="assertive: This is no phone number yet",
    next="button, Continue",
    name="heading, What may we call you?, We use it when you pick up. You can leave it out., level 1",
    skip="button, Continue without a name",
    pay="heading, Pay {total}, The amount is held on your card now.",
    checked="polite: Your basket is checked. You can pay now.",
    order="button, Order and pay {total}",
    unreachable="assertive: We cannot reach the mall. Nothing is lost: wait a moment and try again.",
    unsure="assertive: We could not hear whether your order was placed. Tap again: you are never charged twice.",
    thanks="heading, Thank you. Your order number is",
    accepted="polite: News: Order placed. Accepted: robots collect it.",
    ready="polite: News: Order placed. Accepted: robots collect it. At the depot: pick it up.",
)
ES = Words(
    start="button, Empezar en español",
    shop="heading, ¿Dónde quiere comprar?, Elija una tienda o busque en todas., level 1",
    store_intro="heading, Paper Lantern Books, Toque Añadir para poner algo en su cesta., level 1",
    products="polite: 2 productos",
    add="button, Añadir A Short History of Tea, 18,90 US$",
    added="polite: A Short History of Tea: {count} en su cesta. Total {total}.",
    basket="button, Cesta, {items}, {total}",
    your_basket="heading, Su cesta, {items}, {total} en total., level 1",
    check="button, Revisar el pedido",
    right="heading, ¿Está bien así?, Todavía no se ha pedido nada., level 1",
    yes="button, Sí, continuar",
    before="heading, ¿Ha pedido aquí antes?, De las dos formas se tarda un minuto., level 1",
    new="button, No, es la primera vez",
    phone="heading, Su número de teléfono, Le avisamos por mensaje cuando su pedido esté listo.",
    private="7 caracteres",
    field="textbox, Número de teléfono, Con su prefijo, por ejemplo 555 010 0199",
    delete="button, Borrar",
    wrong_phone="assertive: Esto aún no es un número de teléfono",
    next="button, Continuar",
    name="heading, ¿Cómo podemos llamarle?, Lo usamos cuando recoge el pedido. Puede dejarlo vacío., level 1",
    skip="button, Continuar sin nombre",
    pay="heading, Pagar {total}, El importe se reserva ahora en su tarjeta.",
    checked="polite: Su cesta está comprobada. Ya puede pagar.",
    order="button, Pedir y pagar {total}",
    unreachable="assertive: No podemos conectar con el centro. No se ha perdido nada: espere un momento",
    unsure="assertive: No pudimos saber si su pedido se hizo. Toque otra vez: nunca se le cobra dos veces.",
    thanks="heading, Gracias. Su número de pedido es",
    accepted="polite: Novedad: Pedido hecho. Aceptado: los robots lo preparan.",
    ready="Aceptado: los robots lo preparan. En el punto de recogida: ya puede recogerlo.",
)
AMOUNTS = {"en": {1: ("1 item", "$18.90"), 2: ("2 items", "$37.80")}}
AMOUNTS["es"] = {1: ("1 artículo", "18,90 US$"), 2: ("2 artículos", "37,80 US$")}
LANGUAGES = {"en": EN, "es": ES}


class Walk:
    """One customer, from the first arrow to the pickup, by ear."""

    def __init__(self, kiosk: Kiosk, language: str, fault: Fault) -> None:
        self.kiosk, self.words, self.fault = kiosk, LANGUAGES[language], fault
        self.ear = Listener(kiosk.page)
        # Two presses of Add are two of it.
        count = 2 if fault == "double tap" else 1
        items, total = AMOUNTS[language][count]
        self.filled = {"count": str(count), "items": items, "total": total}

    def said(self, text: str) -> str:
        return text.format(**self.filled)

    def orders(self) -> str:
        """Goes all the way, and returns the order's id. Raises AssertionError where something is not said."""
        words = self.words
        self.kiosk.open()
        self.ear.start()
        if self.fault == "lost reply":
            self.kiosk.mall.lose("GET /api/stores")
            self.kiosk.mall.lose("GET /api/stores/{id}/products")
        self.chooses(words.start, words.shop)
        since = len(self.ear.log)
        self.chooses("button, Paper Lantern Books", words.store_intro, reload=False)
        self.ear.hear(words.products, since)
        self.chooses(words.add, words.added, reload=False)
        self.chooses(words.basket, words.your_basket)
        self.chooses(words.check, words.right)
        self.chooses(words.yes, words.before)
        self.chooses(words.new, words.phone)
        self.types_the_number()
        self.registers()
        self.pays()
        (order,) = self.kiosk.mall.orders
        return order

    def chooses(self, what: str, then: str, *, reload: bool = True) -> None:
        """Finds something, presses it, and hears what comes then; with the fault reload, it comes again."""
        self.ear.find(self.said(what))
        self.presses(then)
        if self.fault == "reload" and reload:
            before = self.ear.focused()
            self.ear.reload()
            assert self.ear.focused() == before, "a reload leads elsewhere"

    def presses(self, then: str) -> None:
        since = len(self.ear.log)
        self.ear.enter(2 if self.fault == "double tap" else 1)
        self.ear.hear(self.said(then), since)

    def loses_all_of(self, route: str, then: str) -> None:
        """However often the page and the browser try, no answer comes, though the mall did it."""
        self.kiosk.mall.lose(route, times=1_000)
        self.presses(then)
        self.kiosk.mall.lose(route, times=1)

    def types_the_number(self) -> None:
        """With the keys on the screen: a wrong digit, too few, sent twice, then all of them."""
        self.ear.find(self.words.field)
        self.types("3")
        self.ear.find(self.words.delete)
        self.ear.enter()
        for _ in range(2):
            since = len(self.ear.log)
            self.ear.find(self.words.next)
            self.ear.enter()
            self.ear.hear(self.words.wrong_phone, since)
        self.types(PHONE)

    def types(self, digits: str) -> None:
        """From the field, which the arrows leave at the first key."""
        assert "button, 1" in self.ear.arrows("ArrowDown")
        row = column = 0
        for digit in digits:
            to = next(row for row, keys in enumerate(KEYS) if digit in keys)
            across = KEYS[to].index(digit)
            self.ear.arrows(*["ArrowDown" if to > row else "ArrowUp"] * abs(to - row))
            said = self.ear.arrows(*["ArrowRight" if across > column else "ArrowLeft"] * abs(across - column))
            assert to == row or across == column or said[-1] == f"button, {digit}"
            row, column = to, across
            self.ear.enter()

    def registers(self) -> None:
        mall, words = self.kiosk.mall, self.words
        self.ear.find(words.next)
        self.presses(words.name)
        if self.fault == "reload":
            # What was typed is not stored: it is asked for again.
            self.ear.reload()
            self.ear.find(words.field)
            self.types(PHONE)
            self.ear.find(words.next)
            self.presses(words.name)
        if self.fault == "lost reply":
            for route in WRITES:
                mall.lose(route)
        self.ear.find(words.skip)
        if self.fault == "lost reply":
            self.loses_all_of(WRITES[0], words.unreachable)
        since = len(self.ear.log)
        self.presses(words.pay)
        self.ear.hear(words.checked, since)

    def pays(self) -> None:
        words = self.words
        self.ear.find(self.said(words.order))
        if self.fault == "lost reply":
            self.loses_all_of(CHECK_OUT, words.unsure)
        if self.fault == "reload":
            self.reloads_while_it_is_placed()
        else:
            self.presses(words.thanks)

    def reloads_while_it_is_placed(self) -> None:
        """The mall has the order, and its answer finds nobody: the page that comes then looks for it."""
        held = self.kiosk.mall.hold(CHECK_OUT)
        with self.kiosk.page.expect_request("**/checkout"):
            self.ear.enter()
        while not self.kiosk.mall.orders:
            self.kiosk.page.evaluate("1")
        self.ear.reload()
        held.set()
        thanks = self.words.thanks.removeprefix("heading, ")
        self.kiosk.page.get_by_role("heading", name=thanks).wait_for()
        assert thanks in self.ear.focused()

    def is_told(self, order: str) -> None:
        """Hears how the order goes on, without a key."""
        since = len(self.ear.log)
        self.kiosk.mall.move(order, status="approved")
        self.ear.hear(self.words.accepted, since)
        self.kiosk.mall.move(order, status="ready", ready=True)
        self.ear.hear(self.words.ready, since)
