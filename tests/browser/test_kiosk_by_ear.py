"""A customer who cannot see can finish: with four arrows and Enter, by what a screen reader says.

Each mutant of the page takes away one thing that such a customer needs, and the same walk must fail.
"""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from tests.browser.kiosk_page import ROOT, Kiosk, build, kiosk_of
from tests.browser.kiosk_steps import shown
from tests.browser.kiosk_walk import FAULTS, PHONE, Fault, Walk


def goes(walk: Walk) -> str:
    """The whole way, and what came of it. Raises AssertionError where it is not one order."""
    order = walk.orders()
    walk.is_told(order)
    mall = walk.kiosk.mall
    assert (len(mall.orders), len(mall.payments), len(mall.customers), len(mall.baskets)) == (1, 1, 1, 1)
    return order


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("fault", FAULTS)
def test_an_order_by_ear_is_exactly_one(browser: Browser, built: Path, language: str, fault: Fault) -> None:
    with kiosk_of(browser, built / "kiosk") as kiosk:
        walk = Walk(kiosk, language, fault)

        order = goes(walk)

        mall = kiosk.mall
        (payment,) = mall.payments.values()
        assert payment["amount"] == mall.orders[order]["order"]["total"]
        assert {asked["smsNumber"] for asked in mall.customers.values()} == {PHONE}
        assert kiosk.refused == []
        spoken = " ".join(text for _, text in kiosk.aloud)
        # The page starts in English, and speaks the language that is chosen from then on.
        assert {spoken_in for spoken_in, _ in kiosk.aloud[5:]} == {language}
        assert walk.words.thanks.removeprefix("heading, ") in spoken
        assert PHONE not in spoken
        assert " ".join(PHONE) not in spoken


MUTANTS = {
    "the label of a button lost": (
        "views/Products.tsx",
        'label={t("product.addOne", { name, price: money(price) })}',
        "",
    ),
    "the label of a field lost": ("views/Entry.tsx", "<label for={id}>", "<label>"),
    "the label of a key lost": ("views/Keys.tsx", 'label={t("keys.delete")}', ""),
    "what a screen is for lost": ("views/Screen.tsx", "aria-describedby={intro ? id : undefined}", ""),
    "the focus lost on a new screen": ("views/Screen.tsx", "heading.current?.focus();", ""),
    "the focus lost on the way": (
        "logic/arrows.ts",
        "activeElement as HTMLElement), arrow)]?.focus();",
        "body), arrow)];",
    ),
    "a polite region silent": ("views/Bar.tsx", 'role="status" aria-live="polite" class="told"', 'class="told"'),
    "an alert silent": ("views/Bar.tsx", 'role="alert" aria-live="assertive" class="told told-failed"', 'class="told"'),
    "a second failure silent": ("kiosk.ts", "const stays = failed.value === text;", "const stays = false;"),
    "the news of an order not told": ("views/Order.tsx", "if (before !== news) tell(", "if (before === news) tell("),
    "an arrow that goes nowhere in the keys": (
        "logic/arrows.ts",
        'if (arrow === "ArrowLeft")',
        'if (arrow !== "ArrowUp")',
    ),
    "another key for each try": (
        "logic/checkout.ts",
        'intent: this.named("pay for", basketId)',
        "intent: `${Math.random()}`",
    ),
}


# The page has a second guard against a lost focus, which is taken away first.
GUARD = ("main.tsx", 'page.querySelector<HTMLElement>("h1")?.focus();', "")


def change(kiosk: Path, file: str, old: str, new: str) -> None:
    text = (kiosk / file).read_text()
    assert text.count(old) == 1
    (kiosk / file).write_text(text.replace(old, new))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_page_without_what_the_customer_needs_is_found(browser: Browser, tmp_path: Path, name: str) -> None:
    shutil.copytree(ROOT / "clients/kiosk", tmp_path / "clients/kiosk")
    shutil.copytree(ROOT / "clients/pages", tmp_path / "clients/pages")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    for changed in (GUARD, MUTANTS[name]):
        change(tmp_path / "clients/kiosk", *changed)

    with kiosk_of(browser, build(tmp_path / "out", tmp_path)) as kiosk:
        walk = Walk(kiosk, "en", "lost reply")
        with pytest.raises((AssertionError, PlaywrightError)):
            goes(walk)


def test_a_kiosk_without_a_voice_of_its_own_says_so_and_is_silent(kiosk: Kiosk) -> None:
    kiosk.page.add_init_script("window.voices = [{ lang: 'en-US', localService: false }];")
    kiosk.open()
    shown(kiosk, "This kiosk cannot read aloud right now.")
    kiosk.page.keyboard.press("ArrowDown")
    kiosk.press("Start in English")
    kiosk.heading("Where would you like to shop?")
    assert kiosk.aloud == []
