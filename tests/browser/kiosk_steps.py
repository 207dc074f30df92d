"""What a customer does at the kiosk by touch, for its tests."""

from playwright.sync_api import expect

from tests.browser.kiosk_page import Kiosk

PHONE = "5550199"


def fills(kiosk: Kiosk, query: str = "") -> None:
    """From the attract screen to a basket with one book."""
    kiosk.open(query)
    kiosk.page.locator(".starts button").first.click()
    kiosk.press("Paper Lantern Books")
    kiosk.page.locator(".stepper button").nth(1).click()
    kiosk.page.locator(".bar-basket").click()


def types(kiosk: Kiosk, digits: str) -> None:
    for digit in digits:
        kiosk.press(digit, exact=True)


def registers(kiosk: Kiosk) -> None:
    kiosk.press("Check what you order")
    kiosk.press("Yes, continue")
    kiosk.press("No, I am new")
    types(kiosk, PHONE)
    kiosk.press("Continue")
    kiosk.press("Continue without a name")
    kiosk.page.get_by_role("button", name="Order and pay").and_(kiosk.page.locator(":not([aria-disabled])")).wait_for()


def returns(kiosk: Kiosk) -> None:
    """As one who has ordered here before: to the screen that asks for the code."""
    kiosk.press("Check what you order")
    kiosk.press("Yes, continue")
    kiosk.press("Yes, send me a code")
    types(kiosk, PHONE)
    kiosk.press("Send the code")
    kiosk.heading("Type the code from the text message")


def orders(kiosk: Kiosk) -> str:
    fills(kiosk)
    registers(kiosk)
    kiosk.press("Order and pay $18.90")
    kiosk.heading("Thank you.")
    (order,) = kiosk.mall.orders
    return order


def shown(kiosk: Kiosk, text: str) -> None:
    expect(kiosk.page.locator("#page")).to_contain_text(text)
