"""The settings that functions read: every stage gives each of them a value, explicitly."""

import re
from dataclasses import MISSING, fields

import pytest

from infra.documents.generate import ROOT
from infra.stages import STAGES, Stage

READ = re.compile(r"\bsetting\(\s*\"(?P<name>[A-Z_]+)\"")


def settings_read_by_functions() -> set[str]:
    sources = (path.read_text() for path in (ROOT / "functions").rglob("*.py"))
    return {f"MALLBOTS_{match['name']}" for source in sources for match in READ.finditer(source)}


@pytest.mark.parametrize("name", sorted(STAGES))
def test_every_setting_that_functions_read_is_in_the_environment_of_a_stage(name: str) -> None:
    read = settings_read_by_functions()
    assert len(read) == 12
    assert read <= set(STAGES[name].environment)


def test_no_setting_of_a_stage_has_a_default() -> None:
    defaults = [field.name for field in fields(Stage) if (field.default, field.default_factory) != (MISSING, MISSING)]
    assert defaults == []


@pytest.mark.parametrize("name", sorted(STAGES))
def test_a_message_is_given_up_with_its_eighth_receive(name: str) -> None:
    assert STAGES[name].environment["MALLBOTS_MAX_RECEIVES"] == "8"


@pytest.mark.parametrize("name", sorted(STAGES))
def test_products_of_every_store_can_be_put_in_a_basket_and_texts_name_their_sender(name: str) -> None:
    found = STAGES[name].environment
    assert (found["MALLBOTS_REQUIRE_PARTICIPATION"], found["MALLBOTS_TEXT_SENDER"]) == ("0", "MallBots")
