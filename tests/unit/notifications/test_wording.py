"""The wording of the texts, in each language."""

import string
from typing import get_args

import pytest

from events.notifications import NotificationKind
from functions.customers.domain import DEFAULT_LANGUAGE, Language
from functions.notifications import wording

KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
LANGUAGES: tuple[Language, ...] = get_args(Language)
ORDER = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"

# 3GPP TS 23.038: the characters that take 7 bits; those of the extension take two of them.
GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà" + string.ascii_letters + string.digits
EXTENSION = "\f^{}\\[~]|€"

each_text = pytest.mark.parametrize(
    ("language", "kind"), [(language, kind) for language in LANGUAGES for kind in KINDS]
)


def messages(text: str) -> float:
    """How many messages a text takes: at most 1 fits."""
    if set(text) <= set(GSM + EXTENSION):
        return (len(text) + sum(character in EXTENSION for character in text)) / 160
    return len(text.encode("utf-16-le")) / 2 / 70


def test_there_is_a_text_of_every_kind_in_every_language_that_a_customer_may_choose() -> None:
    assert {language: set(texts) for language, texts in wording.TEXTS.items()} == {
        language: set(KINDS) for language in LANGUAGES
    }


@each_text
def test_a_text_names_its_sender_and_the_order_and_has_no_other_placeholder(
    language: Language, kind: NotificationKind
) -> None:
    placeholders = [field for _, field, _, _ in string.Formatter().parse(wording.TEXTS[language][kind]) if field]
    assert placeholders == ["order"]
    text = wording.text(kind, ORDER, language)
    assert text.startswith("MallBots: ")
    assert " 0a1b2c3d" in text
    assert "{" not in text


@each_text
def test_a_text_fits_into_one_message(language: Language, kind: NotificationKind) -> None:
    assert messages(wording.text(kind, ORDER, language)) <= 1


def test_all_texts_differ() -> None:
    assert len({wording.text(kind, ORDER, language) for language in LANGUAGES for kind in KINDS}) == len(KINDS) * len(
        LANGUAGES
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_language_without_texts_falls_back_to_the_default(kind: NotificationKind) -> None:
    assert wording.DEFAULT == DEFAULT_LANGUAGE
    assert wording.text(kind, ORDER, "fr") == wording.text(kind, ORDER, "en")


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("ñ" * 160, True),
        ("ñ" * 161, False),
        ("€" * 80, True),
        ("€" * 81, False),
        ("á" + "a" * 69, True),
        ("á" + "a" * 70, False),
    ],
)
def test_what_fits_into_one_message(text: str, full: bool) -> None:
    assert (messages(text) <= 1) is full


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_fits_into_one_message_and_is_all_that_the_text_takes_in(language: Language) -> None:
    assert set(wording.CODE) == set(LANGUAGES)
    placeholders = [field for _, field, _, _ in string.Formatter().parse(wording.CODE[language]) if field]
    assert placeholders == ["code"]
    text = wording.code_text("012345", language)
    assert text.startswith("MallBots: ")
    assert " 012345." in text
    assert messages(text) <= 1


def test_a_code_is_texted_in_english_where_a_language_has_no_texts() -> None:
    assert wording.code_text("012345", "fr") == wording.code_text("012345", "en") != wording.code_text("012345", "es")
