"""Boards that move by themselves: bursts, cuts, a deploy, what is stale, and two clerks at one thing."""

import re
import threading

from playwright.sync_api import Locator, Page, expect

from tests.browser.audit import Audit
from tests.browser.conftest import Open
from tests.browser.mall import Mall
from tests.browser.samples import ago, short, uid

BAND = uid("brass band")


def stage(page: Page, name: str) -> Locator:
    return page.locator("section").filter(has=page.get_by_role("heading", name=name)).locator("[data-item]")


def badge(page: Page) -> Locator:
    return page.locator("header .badge")


def test_an_order_moves_through_the_stages_and_is_said(mall: Mall, opened: Open) -> None:
    page = opened()
    expect(stage(page, "New")).to_have_count(1)
    id = uid("just now")
    mall.rest.happen("orders", id, "OrderApproved", "ordering", status="approved", approvedAt=ago())
    expect(stage(page, "New")).to_have_count(0)
    expect(stage(page, "Being collected").filter(has_text=short(id))).to_be_visible()
    expect(page.get_by_text("No new orders")).to_be_visible()
    said = page.locator("[data-announcer]")
    expect(said).to_have_text("New 0, being collected 4, at the depot 2, ended 2")
    mall.rest.happen("orders", id, "OrderCompleted", "ordering", status="completed", endedAt=ago())
    expect(stage(page, "Just ended").first).to_contain_text(short(id))


def test_rows_do_not_jump_under_the_pointer(mall: Mall, opened: Open) -> None:
    page = opened()
    column = stage(page, "Being collected")
    expect(column).to_have_count(3)
    second = column.nth(1).inner_text()
    column.nth(1).hover()
    mall.rest.happen("orders", BAND, "OrderReadied", "ordering", ready=True, readiedAt=ago())
    expect(stage(page, "At the depot")).to_have_count(3)
    expect(column).to_have_count(3)
    assert column.nth(1).inner_text().split()[0] == second.split()[0]
    expect(page.locator("li.left")).to_contain_text(short(BAND))
    page.get_by_role("heading", level=1).hover()
    expect(column).to_have_count(2)


def test_an_order_that_ended_leaves_when_its_time_is_over_but_not_from_under_the_pointer(
    mall: Mall, opened: Open
) -> None:
    page = opened(clock=True)
    expect(badge(page)).to_contain_text("Live")
    id = uid("just now")
    times = {"endedAt": ago(), "leavesAt": ago(minutes=-10)}
    mall.rest.happen("orders", id, "OrderCompleted", "ordering", status="completed", **times)
    ended = stage(page, "Just ended")
    expect(ended).to_have_count(3)
    expect(ended.first).to_contain_text(short(id))
    ended.nth(1).hover()
    under = ended.nth(1).inner_text().split()[0]
    left = page.locator("li.left")
    page.clock.fast_forward("09:00")
    expect(ended.first).to_contain_text("9 min")
    expect(left).to_have_count(0)
    for step in range(9):
        ended.nth(1).hover(position={"x": 20 + step, "y": 10})  # a pointer that does not move holds nothing for long
        page.clock.fast_forward("00:10")
    expect(left).to_contain_text(short(id))
    assert ended.nth(1).inner_text().split()[0] == under
    page.get_by_role("heading", level=1).hover()
    expect(ended).to_have_count(2)
    page.goto(f"{mall.console}#/orders/{id}")
    expect(page.locator(".heading")).to_contain_text("Completed")


def test_a_burst_that_is_cut_in_the_middle_ends_as_the_store_has_it(mall: Mall, opened: Open) -> None:
    page = opened()
    expect(badge(page)).to_contain_text("Live")
    expect(stage(page, "New")).to_have_count(1)
    names = [f"burst {number}" for number in range(30)]
    snapshots = mall.boards.snapshots
    for number, name in enumerate(names):
        if number in (10, 20):
            mall.boards.cut()
        mall.rest.place_order(name, "pending", 0)
        mall.rest.happen("orders", uid(name), "OrderCreated", "ordering")
        if number % 3 == 0:
            mall.rest.happen("orders", uid(name), "OrderApproved", "ordering", status="approved", approvedAt=ago())
    expect(badge(page)).to_contain_text("Live")
    expect(stage(page, "New")).to_have_count(1 + 20)
    expect(stage(page, "Being collected")).to_have_count(3 + 10)
    shown = {text.split()[0] for text in stage(page, "New").all_inner_texts()}
    assert shown == {short(uid("just now")), *(short(uid(name)) for at, name in enumerate(names) if at % 3)}
    assert mall.boards.snapshots == snapshots
    assert mall.boards.resumed > 0


def test_what_is_stale_says_so_and_since_when(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened(clock=True)
    expect(badge(page)).to_contain_text("Live")
    mall.boards.cut(refuse=True)
    page.clock.fast_forward(3_000)
    expect(badge(page)).to_contain_text("Reconnecting")
    page.clock.fast_forward(20_000)
    expect(badge(page)).to_contain_text(re.compile(r"Stale for \d+ sec"))
    expect(page.locator("main .notice")).to_contain_text("What is shown is from")
    expect(stage(page, "New")).to_have_count(1)
    audit(page, "orders stale")
    mall.rest.happen("orders", uid("just now"), "OrderRejected", "ordering", status="rejected", endedAt=ago())
    mall.boards.open()
    page.clock.fast_forward(60_000)
    expect(badge(page)).to_contain_text("Live")
    expect(page.locator("main .notice")).to_have_count(0)
    expect(stage(page, "New")).to_have_count(0)


def test_a_form_survives_a_reconnect_another_view_and_a_deploy(mall: Mall, opened: Open, audit: Audit) -> None:
    page = opened(f"#/orders/{BAND}/cancel")
    reason = page.get_by_label("Reason")
    reason.fill("The fountain leaks into")
    mall.boards.cut()
    expect(badge(page)).to_contain_text("Live")
    expect(reason).to_have_value("The fountain leaks into")
    expect(reason).to_be_focused()
    mall.deploy()
    news = page.locator("main .notice").filter(has_text="A new version of this page is ready.")
    expect(news).to_be_visible()
    audit(page, "new version")
    expect(reason).to_have_value("The fountain leaks into")
    page.get_by_role("link", name="Depot").click()
    page.go_back()
    expect(reason).to_have_value("The fountain leaks into")
    news.get_by_role("button", name="Reload").click()
    expect(page.locator('script[src*="NEWER123"]')).to_have_count(1)
    expect(reason).to_have_value("The fountain leaks into")
    expect(news).to_have_count(0)
    page.get_by_role("button", name="Cancel this order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {short(BAND)}")
    page.goto(f"{mall.console}#/orders/{uid('atlas')}/cancel")
    expect(reason).to_have_value("")


def test_what_is_personal_is_not_lost_to_a_deploy_and_not_stored(mall: Mall, opened: Open) -> None:
    page = opened("#/customers")
    page.get_by_label("Name").fill("Grace Hopper")
    expect(badge(page)).to_contain_text("Live")
    mall.deploy()
    news = page.locator("main .notice").filter(has_text="Save or clear what you are typing first.")
    expect(news.get_by_role("button", name="Reload")).to_have_attribute("aria-disabled", "true")
    assert "Grace" not in page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    page.get_by_label("Name").fill("")
    expect(page.get_by_role("button", name="Reload")).not_to_have_attribute("aria-disabled", "true")


def test_who_is_signed_out_goes_on_after_signing_in(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}/cancel")
    page.get_by_label("Reason").fill("Kept.")
    mall.refuses_refresh = True
    page.reload()
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    page.get_by_role("button", name="Sign in as staff").click()
    expect(page.get_by_label("Reason")).to_have_value("Kept.")


def test_what_was_typed_is_not_there_for_the_next_clerk(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}/cancel", signed_in=False)
    page.get_by_role("button", name="Sign in as staff").click()
    page.get_by_label("Reason").fill("Left behind.")
    page.get_by_role("link", name="Customers").click()
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in as staff").click()
    expect(page.get_by_label("Name")).to_have_value("")
    assert "Left behind." not in page.evaluate("JSON.stringify({...sessionStorage})")
    page.get_by_label("Name").fill("Grace Hopper")
    page.goto(f"{mall.console}#/orders/{BAND}/cancel")
    page.get_by_label("Reason").fill("Left behind.")
    mall.refuses_refresh = True
    page.reload()
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    page.get_by_role("button", name="Sign in as operator").click()
    expect(page.get_by_label("Reason")).to_have_value("")


def test_an_old_draft_shows_what_another_made_of_it_before_it_is_saved(mall: Mall, opened: Open) -> None:
    page = opened(f"#/stores/{uid('nuts')}")
    name = page.get_by_label("Name").first
    name.fill("Nuts & Bolts")
    expect(badge(page)).to_contain_text("Live")
    page.get_by_role("link", name="Depot").click()
    mall.rest.happen("stores", uid("nuts"), "StoreRebranded", "stores", name="Bolts Only")
    for again in (page.go_back, page.reload):
        again()
        news = page.get_by_role("alert").filter(has_text="Somebody else changed this meanwhile.")
        expect(news).to_contain_text("Bolts Only")
        expect(name).to_have_value("Nuts & Bolts")
        expect(page.get_by_role("button", name="Rename")).to_have_attribute("aria-disabled", "true")
    news.get_by_role("button").click()
    page.reload()
    expect(name).to_have_value("Nuts & Bolts")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("The store is renamed.")).to_be_visible()
    assert mall.rest.find("store", uid("nuts")).content["name"] == "Nuts & Bolts"


def test_a_product_draft_is_given_up_by_cancel_and_by_escape(mall: Mall, opened: Open) -> None:
    page = opened(f"#/stores/{uid('books')}")
    change = page.get_by_role("button", name="Change Pocket atlas")
    dialog = page.get_by_role("dialog")
    for give_up in (dialog.get_by_role("button", name="Cancel").click, lambda: page.keyboard.press("Escape")):
        change.click()
        dialog.get_by_label("Price").fill("8.75")
        give_up()
        expect(dialog).to_have_count(0)
        change.click()
        expect(dialog.get_by_label("Price")).to_have_value("12.50")
        page.keyboard.press("Escape")


def test_an_old_draft_of_a_check_in_keeps_what_was_typed_and_takes_up_what_was_picked(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}/check-in")
    screws = page.get_by_role("textbox", name="Wood screws")
    screws.fill("1")
    page.get_by_role("link", name="Depot").click()
    mall.rest.picked(BAND, 4)
    page.go_back()
    news = page.get_by_role("alert").filter(has_text="Somebody else changed this meanwhile.")
    expect(news).to_contain_text("Picked: 4, before 1.")
    expect(page.get_by_role("button", name="Check in")).to_have_attribute("aria-disabled", "true")
    news.get_by_role("button").click()
    expect(screws).to_have_value("1")
    expect(page.get_by_role("textbox", name="Horn polish")).to_have_value("1")
    expect(page.get_by_text("The robot changed this too.")).to_have_count(1)


def test_the_second_clerk_sees_the_first_ones_payment_before_saving(mall: Mall, opened: Open, audit: Audit) -> None:
    first, second = opened(f"#/orders/{BAND}/payment"), opened(f"#/orders/{BAND}/payment")
    button = second.get_by_role("button", name="Take $39.48")
    expect(button).to_be_visible()
    expect(badge(second)).to_contain_text("Live")
    first.get_by_role("button", name="Take $39.48").click()
    expect(first.get_by_text("is paid: $39.48.")).to_be_visible()
    news = second.get_by_role("alert").filter(has_text="Somebody else changed this meanwhile.")
    expect(news).to_contain_text("The invoice now: Paid, $39.48.")
    expect(button).to_have_attribute("aria-disabled", "true")
    audit(second, "payment of another clerk")
    button.click(force=True)
    news.get_by_role("button", name="Go on with what is new").click()
    expect(second.get_by_text("There is nothing to take. The invoice: Paid.")).to_be_visible()
    assert len(mall.rest.writes("PUT", ".*/pay")) == 1


def test_an_order_is_not_cancelled_twice_nor_after_it_was_paid_unseen(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}/cancel")
    page.get_by_label("Reason").fill("Too late.")
    expect(badge(page)).to_contain_text("Live")
    mall.boards.cut(refuse=True)  # the stream does not tell this clerk
    mall.rest.happen("orders", BAND, "OrderPaid", "ordering", paid=True)
    page.get_by_role("button", name="Cancel this order").click()
    news = page.get_by_role("alert").filter(has_text="Somebody else changed this meanwhile.")
    expect(news).to_contain_text("Approved, Paid")
    expect(page.get_by_label("Reason")).to_have_value("Too late.")
    assert mall.rest.find("order", BAND).content["status"] == "approved"
    news.get_by_role("button").click()
    expect(page.get_by_text("what was paid is refunded")).to_be_visible()
    page.get_by_role("button", name="Cancel this order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {short(BAND)}")
    assert mall.rest.find("order", BAND).content["status"] == "cancelled"


def test_a_check_in_takes_up_what_the_robot_picked_and_keeps_what_was_typed(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}/check-in")
    screws = page.get_by_role("textbox", name="Wood screws")
    horn = page.get_by_role("textbox", name="Horn polish")
    screws.fill("1")
    expect(badge(page)).to_contain_text("Live")
    mall.rest.picked(BAND, 4)
    news = page.get_by_role("alert").filter(has_text="Somebody else changed this meanwhile.")
    expect(news).to_contain_text("Picked: 4, before 1.")
    news.get_by_role("button").click()
    expect(screws).to_have_value("1")
    expect(horn).to_have_value("1")
    expect(page.get_by_text("The robot changed this too.")).to_have_count(1)
    page.get_by_role("button", name="Check in").click()
    expect(page.get_by_text(f"{short(BAND)} is checked in.")).to_be_visible()
    [sent] = mall.rest.writes("PUT", ".*/complete")
    assert sent.body == {"shortages": [{"storeId": uid("nuts"), "productId": uid("screws"), "quantity": 1}]}


def test_a_customer_changed_by_another_is_not_overwritten(mall: Mall, opened: Open) -> None:
    page = opened(f"#/customers/{uid('ada')}")
    page.get_by_label("New phone number").fill("+15550111")
    thing = mall.rest.find("customer", uid("ada"))
    thing.content = {**thing.content, "smsNumber": "+15550122"}
    thing.version += 1
    page.get_by_role("button", name="Save").click()
    news = page.get_by_role("alert").filter(has_text="Somebody else changed this meanwhile.")
    expect(news).to_contain_text("+15550122")
    assert mall.rest.find("customer", uid("ada")).content["smsNumber"] == "+15550122"
    news.get_by_role("button").click()
    expect(page.get_by_label("New phone number")).to_have_value("+15550111")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The number is changed.")).to_be_visible()
    assert mall.rest.find("customer", uid("ada")).content["smsNumber"] == "+15550111"


def test_the_timeline_grows_live_and_is_reconciled_with_the_archive(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}")
    nodes = page.locator(".node")
    expect(nodes).to_have_count(12)
    expect(badge(page)).to_contain_text("Live")
    mall.rest.archives = False
    mall.rest.happen("orders", BAND, "OrderPaid", "ordering", paid=True)
    expect(nodes).to_have_count(13)
    fresh = page.locator(".node-fresh")
    expect(fresh).to_contain_text("Order paid")
    expect(page.locator(".heading")).to_contain_text("Paid")
    mall.rest.archives = True
    # The archive has the message now, and the command that caused it, of which the stream does not tell.
    known = mall.rest.timelines[BAND]
    [heard] = [line for line in mall.boards.board_log(f"order:{BAND}") if line["message"]["name"] == "OrderPaid"]
    known.append({**heard["message"], "data": {}})
    expect(fresh).to_have_count(0)
    expect(nodes).to_have_count(13)


def test_the_messages_of_a_time_without_a_connection_are_in_the_timeline(mall: Mall, opened: Open) -> None:
    page = opened(f"#/orders/{BAND}", clock=True)
    expect(page.locator(".node")).to_have_count(12)
    expect(badge(page)).to_contain_text("Live")
    mall.boards.cut(refuse=True)
    mall.rest.happen("orders", BAND, "OrderPaid", "ordering", paid=True)
    mall.boards.open()
    page.clock.fast_forward(2_000)
    page.clock.fast_forward(5_000)
    expect(page.locator(".node")).to_have_count(13)
    expect(page.locator(".node").filter(has_text="Order paid")).to_be_visible()


def test_an_order_that_changed_while_the_console_connects_is_read_again(mall: Mall, opened: Open) -> None:
    mall.boards.cut(refuse=True)
    page = opened(f"#/orders/{BAND}", clock=True)
    expect(page.locator(".node")).to_have_count(12)
    expect(page.locator(".total")).to_contain_text("$39.48")
    mall.rest.happen("orders", BAND, "OrderReadied", "ordering", ready=True, total=21.48)
    mall.boards.open()
    page.clock.fast_forward(60_000)
    expect(badge(page)).to_contain_text("Live")
    expect(page.locator(".total")).to_contain_text("$21.48")
    expect(page.locator(".node").filter(has_text="Order readied")).to_be_visible()


def test_the_money_of_an_order_of_which_the_stream_has_none_is_asked_of_its_owner(mall: Mall, opened: Open) -> None:
    id, payment = uid("done"), uid("payment done")
    content = {"id": id, "orderId": id, "paymentId": payment, "amount": 21.48, "status": "paid"}
    mall.rest.put("invoice", id, content)
    mall.rest.add_payment(id, payment, "settled", 30.0)
    held = mall.rest.held["/api/payments/.*"] = threading.Event()
    page = opened(f"#/orders/{id}")
    facts = page.locator("dl").filter(has_text="Invoice")
    expect(badge(page)).to_contain_text("Live")
    expect(facts).to_have_text(re.compile(r"Invoice\s*…\s*Payment\s*…"))
    held.set()
    expect(facts).to_have_text(re.compile(r"Invoice\s*\$21\.48 · Paid\s*Payment\s*Settled\s*Authorized\s*\$30\.00"))
    page.goto(f"{mall.console}#/orders/{uid('gone')}")
    expect(facts).to_have_text(re.compile(r"Invoice\s*None\s*Payment\s*None"))
