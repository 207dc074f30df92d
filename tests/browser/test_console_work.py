"""What staff do: data, pickups, payment, each within two clicks; and the console by the keyboard alone."""

from playwright.sync_api import expect

from tests.browser.audit import Audit
from tests.browser.conftest import Open
from tests.browser.mall import Mall, problem
from tests.browser.samples import LONG, short, uid
from tests.browser.test_console_pages import prepare

BAND = uid("brass band")
BOOKS = uid("books")


def test_payment_is_taken_within_two_clicks(mall: Mall, opened: Open) -> None:
    page = opened()
    page.get_by_role("link", name="Payments").click()
    page.get_by_role("link", name=f"Take payment {short(BAND)}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Take payment for {short(BAND)}")
    page.get_by_role("button", name="Take $39.48").click()
    expect(page.get_by_text(f"{short(BAND)} is paid: $39.48.")).to_be_visible()
    expect(page.get_by_role("link", name=f"Take payment {short(BAND)}")).to_have_count(0)
    [paid] = mall.rest.writes("PUT", ".*/pay")
    assert paid.headers["if-match"] == '"1"'
    assert paid.headers["idempotency-key"]


def test_a_list_is_checked_in_with_shortages_within_two_clicks(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened()
    page.get_by_role("link", name="Depot").click()
    page.get_by_role("link", name=f"Check in {short(BAND)}").click()
    expect(page.get_by_role("textbox", name="Pocket atlas")).to_have_value("1")
    expect(page.get_by_text("3 items are missing.")).to_be_visible()
    page.get_by_role("button", name="All is there").click()
    expect(page.get_by_text("Nothing is missing.")).to_be_visible()
    page.get_by_role("textbox", name="Wood screws").fill("7")
    expect(page.get_by_text("0 to 2")).to_be_visible()
    expect(page.get_by_role("button", name="Check in")).to_have_attribute("aria-disabled", "true")
    audit(page, "check-in wrong")
    page.get_by_role("textbox", name="Wood screws").fill("1")
    page.get_by_role("button", name="Check in").click()
    expect(page.get_by_text(f"{short(BAND)} is checked in.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Depot")
    [sent] = mall.rest.writes("PUT", ".*/complete")
    assert sent.body == {"shortages": [{"storeId": uid("nuts"), "productId": uid("screws"), "quantity": 1}]}


def test_a_list_that_staff_made_is_checked_in_and_not_the_orders_own(mall: Mall, opened: Open) -> None:
    extra = mall.rest.add_list_by_staff("brass band", "c3")
    page = opened("#/depot")
    robot = page.get_by_role("row").filter(has_text="Cargo")
    expect(robot.get_by_role("link", name=short(BAND))).to_have_attribute("href", f"#/orders/{BAND}")
    card = page.locator(".card").filter(has=page.get_by_role("heading", name="Cargo"))
    expect(page.get_by_role("link", name=f"Check in {short(BAND)}")).to_have_count(2)
    card.get_by_role("link", name=f"Check in {short(BAND)}").click()
    expect(page.get_by_role("textbox", name="Pocket atlas")).to_have_value("1")
    expect(page.get_by_role("textbox")).to_have_count(1)
    page.get_by_role("button", name="Check in").click()
    expect(page.get_by_text(f"{short(BAND)} is checked in.")).to_be_visible()
    [sent] = mall.rest.writes("PUT", ".*/complete")
    assert sent.path == f"/api/depot/shopping/{extra}/complete"
    assert mall.rest.find("list", BAND).content["status"] == "active"


def test_problems_are_counted_on_every_page(mall: Mall, opened: Open, audit: Audit) -> None:
    prepare(mall, "problems")
    page = opened("#/depot", clock=True)
    expect(page.get_by_role("link", name="Problems 2")).to_be_visible()
    audit(page, "depot with problems")
    mall.rest.sagas = mall.rest.differences = []
    page.clock.fast_forward(61_000)
    expect(page.get_by_role("link", name="Problems", exact=True)).to_be_visible()


def test_a_store_is_renamed_within_two_clicks(mall: Mall, opened: Open) -> None:
    page = opened()
    page.get_by_role("link", name="Stores").click()
    page.get_by_role("link", name="Paper Lantern Books").click()
    page.get_by_label("Name", exact=True).fill("Paper Lantern")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Paper Lantern")
    expect(page.get_by_text("Somebody else changed this meanwhile.")).to_have_count(0)
    assert mall.rest.find("store", BOOKS).content["name"] == "Paper Lantern"


def test_an_order_is_cancelled_with_a_reason(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}")
    page.get_by_role("link", name="Cancel order").click()
    button = page.get_by_role("button", name="Cancel this order")
    expect(button).to_have_attribute("aria-disabled", "true")
    page.get_by_label("Reason").fill("The store burned down.")
    button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {short(BAND)}")
    expect(page.locator(".heading .badge").first).to_have_text("Cancelled")
    expect(page.get_by_text("The store burned down.")).to_be_visible()
    expect(page.get_by_role("link", name="Cancel order")).to_have_count(0)


def test_a_double_click_cancels_once(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}/cancel")
    page.get_by_label("Reason").fill("Twice.")
    page.get_by_role("button", name="Cancel this order").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {short(BAND)}")
    assert len(mall.rest.writes("DELETE", "/api/ordering/.*")) == 1


def test_a_customer_is_registered_and_shown(mall: Mall, opened: Open) -> None:
    page = opened("#/customers")
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("Phone number").fill("+15550199")
    page.get_by_role("button", name="Register a customer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grace Hopper")
    expect(page.get_by_text("+15550199")).to_be_visible()


def test_an_erasure_warns_and_asks_for_a_word(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened(f"#/customers/{uid('ada')}")
    page.get_by_role("button", name="Erase …").click()
    dialog = page.get_by_role("dialog", name="Erase the customer")
    expect(dialog).to_contain_text("This cannot be undone by anybody.")
    expect(dialog).to_contain_text("Ada Lovelace")
    erase = dialog.get_by_role("button", name="Erase for ever")
    expect(erase).to_have_attribute("aria-disabled", "true")
    audit(page, "erase dialog")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Erase …")).to_be_focused()
    page.get_by_role("button", name="Erase …").click()
    dialog.get_by_label("Type “erase” to go on").fill("erase")
    erase.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers")
    assert ("customer", uid("ada")) not in mall.rest.things


def test_a_disabled_customer_is_shown_at_once_and_taken_back_when_it_fails(mall: Mall, opened: Open) -> None:
    mall.rest.failures["PUT", ".*/disable"] = problem(409, "the customer has an order under way")
    page = opened(f"#/customers/{uid('ada')}")
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status").get_by_text("It is as it was before.")).to_contain_text("order under way")
    expect(page.locator("main").get_by_text("May order", exact=True)).to_be_visible()
    mall.rest.failures.clear()
    with page.expect_response("**/disable"):  # the page shows it before it is answered
        page.get_by_role("button", name="Disable").click()
        expect(page.locator("main").get_by_text("May not order", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
    assert mall.rest.find("customer", uid("ada")).content["enabled"] is False


def test_a_store_joins_and_leaves(mall: Mall, opened: Open) -> None:
    page = opened(f"#/stores/{uid('brass')}")
    page.get_by_role("button", name="Start participating").click()
    expect(page.locator("main").get_by_text("Participating", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Stop participating")).not_to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Stop participating").click()
    expect(page.locator("main").get_by_text("Not participating", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Start participating")).not_to_have_attribute("aria-disabled", "true")
    assert mall.rest.find("store", uid("brass")).content["participating"] is False


def test_a_product_is_added_changed_and_removed(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened(f"#/stores/{BOOKS}")
    form = page.locator("form").filter(has=page.get_by_role("heading", name="New product"))
    form.get_by_label("Name").fill("Wall map")
    form.get_by_label("Price").fill("9,5")
    form.get_by_role("button", name="Add the product").click()
    page.get_by_role("button", name="Change Wall map").click()
    dialog = page.get_by_role("dialog", name="Change the product")
    expect(dialog.get_by_label("Price")).to_have_value("9.50")
    audit(page, "product dialog")
    dialog.get_by_label("Price").fill("8.75")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="$8.75")).to_be_visible()
    page.get_by_role("button", name="Remove Wall map").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("button", name="Change Wall map")).to_have_count(0)
    expect(page.get_by_role("heading", name="Products", exact=True)).to_be_focused()


def test_a_product_that_was_added_stays_while_the_list_follows(mall: Mall, opened: Open) -> None:
    page = opened(f"#/stores/{BOOKS}")
    form = page.locator("form").filter(has=page.get_by_role("heading", name="New product"))
    form.get_by_label("Name").fill("Wall map")
    form.get_by_label("Price").fill("1,050")
    row = page.get_by_role("row").filter(has_text="Wall map")
    with page.expect_response(lambda read: read.request.method == "GET" and "Wall map" in read.text()):
        form.get_by_role("button", name="Add the product").click()
        expect(row).to_contain_text("$1,050.00")
    expect(row).to_have_count(1)


def test_the_keys_go_to_the_search_through_rows_and_open_one(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened()
    expect(page.locator("[data-item]")).to_have_count(8)
    page.keyboard.press("?")
    help = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help).to_be_visible()
    audit(page, "help")
    page.keyboard.press("Escape")
    expect(help).to_have_count(0)
    items = page.locator("[data-item]")
    page.keyboard.press("j")
    expect(items.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {short(BAND)}")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type(f"j{short(BAND)}")
    expect(search).to_have_value(f"j{short(BAND)}")
    search.fill(short(BAND).lower())
    page.keyboard.press("Enter")
    expect(page.locator("main [data-item]")).to_have_count(1)
    expect(page.locator("main [data-item]")).to_contain_text(short(BAND))


def test_a_payment_is_taken_by_the_keyboard_alone(mall: Mall, opened: Open) -> None:
    page = opened("#/payments")
    expect(page.locator("[data-item]")).to_have_count(4)
    page.keyboard.press("j")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Take $21.48")
    expect(button).to_be_visible()
    while not button.evaluate("element => element === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is paid: $21.48.")).to_be_visible()


def test_orders_are_found_by_filters_and_by_customer(mall: Mall, opened: Open) -> None:
    page = opened("#/search")
    page.get_by_label("State").select_option("cancelled")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("main [data-item]")).to_have_count(1)
    expect(page.locator("main [data-item]")).to_contain_text("Ada Lovelace")
    page.get_by_role("searchbox").fill(uid("long"))
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("main [data-item]")).to_contain_text("María de los Ángeles")
    assert mall.rest.writes("POST", "/api/search/orders")[-1].body["filters"] == {"customerId": uid("long")}


def test_an_order_that_left_the_boards_is_found_by_the_number_that_its_customer_has(mall: Mall, opened: Open) -> None:
    id = uid("done")
    page = opened()
    expect(page.locator("main [data-item]").filter(has_text=short(id))).to_be_visible()
    mall.rest.happen("orders", id, "OrderArchived", "ordering", gone=True)
    expect(page.locator("main [data-item]").filter(has_text=short(id))).to_have_count(0)
    page.get_by_role("searchbox").fill(f" {short(id).upper()} ")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("main [data-item]").filter(has_text=short(id))).to_contain_text("Ada Lovelace")


def test_who_is_not_signed_in_chooses_a_user_and_leaves(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened("#/stores", signed_in=False)
    expect(page.get_by_role("button", name="Sign in as operator")).to_be_visible()
    audit(page, "sign-in")
    page.get_by_role("button", name="Sign in as staff").click()
    expect(page.get_by_role("link", name=LONG)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in as staff")).to_be_visible()


def test_a_link_that_names_a_development_user_is_signed_in_at_once(mall: Mall, opened: Open) -> None:
    page = opened("#as=operator", signed_in=False)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert page.url == mall.console
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_link_that_names_nobody_who_is_there_asks_to_choose(mall: Mall, opened: Open) -> None:
    page = opened("#as=somebody", signed_in=False)
    expect(page.get_by_role("button", name="Sign in as staff")).to_be_visible()
    assert page.url == mall.console


def test_the_skip_link_goes_to_the_content(mall: Mall, opened: Open) -> None:
    page = opened("#/depot")
    expect(page.locator("main")).to_contain_text("Rusty")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    assert page.url.endswith("#/depot")


def test_an_operator_sees_the_lines_that_enable_a_customer_and_recheck_money_and_a_clerk_does_not(
    mall: Mall, opened: Open
) -> None:
    prepare(mall, "problems")
    customer, recheck = f"mallbots customer disable {uid('ada')} --stage test", "mallbots money recheck"
    for role, times in (("staff", 0), ("operator", 1)):
        mall.role = role
        page = opened(f"#/customers/{uid('ada')}")
        expect(page.get_by_role("button", name="Disable")).to_be_visible()
        expect(page.get_by_text(customer)).to_have_count(times)
        page = opened("#/problems")
        expect(page.get_by_role("button", name="Compare again").first).to_be_visible()
        expect(page.locator("code", has_text=recheck)).to_have_count(times)
