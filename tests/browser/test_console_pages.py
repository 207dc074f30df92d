"""Each page of the console in each state: full, empty, loading, failed; light and dark; each language."""

import threading

import pytest
from playwright.sync_api import Page, expect

from tests.browser import saga_routes
from tests.browser.audit import Audit
from tests.browser.conftest import Open
from tests.browser.mall import Mall, problem
from tests.browser.operations import BACK, FORECAST, GROUP, REBUILD, REDRIVE
from tests.browser.samples import LONG, short, uid
from tests.browser.stream_routes import past

BAND = uid("brass band")
BOOKS = uid("books")
# Address → what is there once it is loaded.
PAGES = {
    "orders": ("", short(uid("waits"))),
    "order": (f"#/orders/{BAND}", "Invoice created"),
    "check-in": (f"#/orders/{BAND}/check-in", "Pocket atlas"),
    "payment": (f"#/orders/{BAND}/payment", "$39.48"),
    "cancel": (f"#/orders/{BAND}/cancel", "$39.48"),
    "depot": ("#/depot", "Rusty"),
    "robots": ("#/robots", "Free the gripper"),
    "robot": (f"#/robots/{uid('fe')}", "Free the gripper"),
    "robot over REST": (f"#/robots/{uid('d0')}", "REST only"),
    "connect": ("#/robots/connect", "VDA 5050"),
    "payments": ("#/payments", "$39.48"),
    "customers": ("#/customers", ""),
    "customer": (f"#/customers/{uid('long')}", "+34600000000"),
    "stores": ("#/stores", LONG),
    "store": (f"#/stores/{BOOKS}", "Pocket atlas"),
    "problems": ("#/problems", "Provider captured"),
    "figures": ("#/figures", "$738.24"),
    "search": (f"#/search?text={short(BAND)}", short(BAND)),
    "nothing": ("#/nowhere", ""),
    "operations": ("#/operations", "Came back"),
    "operations group": (f"#/operations/groups/{GROUP}", short(uid("letter 1"))),
    "operations group that came back": (f"#/operations/groups/{BACK}", LONG),
    "operations letter": (f"#/operations/letters/{uid('letter 1')}", "list_id"),
    "operations forecast": (f"#/operations/runs/{FORECAST}", "ShoppingListCompleted"),
    "operations redrive": (f"#/operations/runs/{REDRIVE}", "137"),
    "operations sagas": ("#/operations/sagas", short(uid("slow"))),
    "operations saga": (f"#/operations/sagas/{uid('stuck')}", "the card was refused"),
    "operations map": ("#/operations/map", "Messages a minute"),
    "operations past": (f"#/operations/orders/{BAND}", "approved"),
    "operations break": ("#/operations/break", "1. "),
    "operations consumers": ("#/operations/consumers", "A deploy goes on."),
    "operations rebuilds": ("#/operations/rebuilds", short(REBUILD)),
    "operations rebuild": (f"#/operations/runs/{REBUILD}", "12,940"),
    "problems of an operator": ("#/problems", "1,209"),
}


# What the pages say in English, and no data of the mall does.
ENGLISH = ("Order ", "Customer", "Nothing here", "Check in", "Take payment", "State")


# The titles of these pages are names, which nobody translates.
NAMES = {"customer": "María", "store": "Paper Lantern Books", "robot": "Ferry", "robot over REST": "Dolly"}
NAMES |= dict.fromkeys(("operations group", "operations group that came back"), "NotFoundError")


# Whether a table is wider than its place.
SCROLLS = "[...document.querySelectorAll('main .scrolls')].some((one) => one.scrollWidth > one.clientWidth)"


def prepare(mall: Mall, name: str) -> None:
    """Something for the page of problems; and for a page of operators one of them, with what failed."""
    mall.role = "operator" if "operat" in name else "staff"
    mall.rest.operations.fill()
    mall.rest.operations.fill_runs()
    if name == "operations break" and mall.control is None:
        mall.control_it()
    mall.rest.operations.streams = past(BAND) | saga_routes.streams()
    mall.rest.sagas = saga_routes.samples()
    reasons = [{"kind": "provider_captured", "expected": 12.5, "found": 0.0}]
    found = {"orderId": uid("differs"), "paymentId": uid("p"), "status": "open", "since": "2026-01-01T08:00:00Z"}
    mall.rest.differences = [{**found, "reasons": reasons}]


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(mall: Mall, opened: Open, audit: Audit, name: str) -> None:
    """Light and dark, in each language, on a phone, and with text of twice the size."""
    prepare(mall, name)
    address, there = PAGES[name]
    page = opened(address)
    expect(page.locator("main")).to_contain_text(there)
    expect(page.locator("header .badge")).to_contain_text("Live")
    audit(page, f"{name} light")
    assert fits(page)
    page.emulate_media(color_scheme="dark")
    audit(page, f"{name} dark")
    page.get_by_label("Language").first.select_option("es")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("header .badge")).to_contain_text("En directo")
    audit(page, f"{name} dark es")
    page.emulate_media(color_scheme="light")
    audit(page, f"{name} es")
    page.evaluate("document.querySelectorAll('.timeline').forEach((one) => one.remove())")
    for english in ENGLISH:
        assert english not in page.locator("main").inner_text()
    page.set_viewport_size({"width": 360, "height": 740})
    audit(page, f"{name} narrow es")
    assert fits(page)
    assert not page.evaluate(SCROLLS), "what can be done is beyond the edge"
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert fits(page)


@pytest.mark.parametrize("name", PAGES)
def test_every_text_of_a_page_is_translated_and_has_room(mall: Mall, opened: Open, audit: Audit, name: str) -> None:
    """In the pseudo-locale, whose words are a third longer, and where what is not translated is in plain letters."""
    prepare(mall, name)
    page = opened(f"?language=pseudo{PAGES[name][0]}")
    expect(page.locator("header .badge")).to_contain_text("[Lîvé")
    expect(page.locator("main h1, main .state").first).to_contain_text(NAMES.get(name, "["))
    assert fits(page)
    for button in page.locator("main .button").all_inner_texts():
        assert button.startswith("[") or not any(map(str.isalpha, button)), button
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        audit(page, f"{name} {scheme} pseudo")


EMPTY = ["orders", "depot", "robots", "payments", "stores", "problems", "figures", "search"]
EMPTY += ["operations", "operations sagas", "operations consumers", "operations rebuilds", "problems of an operator"]


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_mall_says_so(empty_mall: Mall, opened: Open, audit: Audit, name: str) -> None:
    empty_mall.role = "operator" if "operat" in name else "staff"
    empty_mall.rest.sales = {"orders": 0, "items": 0, "revenue": 0, "byStore": [], "byProduct": [], "byHour": []}
    page = opened(PAGES[name][0].split("?")[0])
    words = {
        "orders": "No new orders",
        "depot": "All lists are collected.",
        "robots": "No robots are registered.",
        "payments": "Nobody has to pay.",
        "stores": "There are no stores yet.",
        "problems": "No saga is parked.",
        "figures": "Nothing yet today",
        "search": "No order matches.",
        "operations": "Nothing fails.",
        "operations sagas": "No saga runs, and none is parked.",
        "operations consumers": "There are no consumers.",
        "operations rebuilds": "No read model was rebuilt or replayed yet.",
        "problems of an operator": "No message was given up.",
    }
    expect(page.locator("main")).to_contain_text(words[name])
    audit(page, f"{name} empty")


FAILING = ["order", "check-in", "payment", "cancel", "customer", "store", "problems", "figures", "operations"]
FAILING += ["operations group", "operations letter", "operations redrive", "operations consumers", "operations map"]
FAILING += ["operations sagas", "operations saga"]


@pytest.mark.parametrize("name", FAILING)
def test_a_page_that_cannot_be_loaded_says_why_and_tries_again(
    mall: Mall, opened: Open, audit: Audit, name: str
) -> None:
    prepare(mall, name)
    mall.rest.failures["GET", "/api/.*"] = problem(503, "")
    page = opened(PAGES[name][0])
    failed = page.locator("main .state[role=alert]").first
    expect(failed).to_contain_text("This does not work right now")
    audit(page, f"{name} failed")
    mall.rest.failures.clear()
    page.get_by_role("button", name="Try again").evaluate_all("buttons => buttons.forEach(button => button.click())")
    expect(page.get_by_text("This does not work right now")).to_have_count(0)


def test_a_page_says_that_it_loads(mall: Mall, opened: Open, audit: Audit) -> None:
    mall.rest.held["/api/ordering/.*"] = threading.Event()
    page = opened(PAGES["order"][0])
    expect(page.get_by_role("status").filter(has_text="Loading")).to_be_visible()
    audit(page, "order loading")
    mall.rest.held["/api/ordering/.*"].set()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {short(BAND)}")


def test_what_is_not_there_is_said(mall: Mall, opened: Open) -> None:
    page = opened("#/orders/unheard-of")
    expect(page.locator("main")).to_contain_text("There is no order unheard-of.")
    page.goto(f"{mall.console}#/customers/unheard-of")
    expect(page.locator("main")).to_contain_text("There is no such customer")


@pytest.mark.parametrize("name", ["depot", "robots"])
def test_forced_colours_leave_everything_visible(mall: Mall, opened: Open, audit: Audit, name: str) -> None:
    page = opened(f"#/{name}", forced_colors="active")
    expect(page.locator("main")).to_contain_text("Rusty")
    audit(page, f"{name} forced colours")
    bordered = page.locator("main .badge").first.evaluate("element => getComputedStyle(element).borderTopStyle")
    assert bordered == "solid"


@pytest.mark.parametrize("name", ["depot", "robots"])
def test_nothing_moves_for_who_wants_no_motion(mall: Mall, opened: Open, name: str) -> None:
    page = opened(f"#/{name}")
    expect(page.locator("main")).to_contain_text("Rusty")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((element) => {"
        " const { transitionDuration, animationName } = getComputedStyle(element);"
        " return parseFloat(transitionDuration) > 0 || animationName !== 'none'; }).length"
    )
    assert moving == 0
