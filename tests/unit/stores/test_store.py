"""The rules of a store."""

import pytest

from functions.stores.domain import Created, ParticipationToggled, Rebranded, Store
from tests.support.given import given

CREATED = Created("Corner Bakery", "Floor 0, 12")
BLANK = ["", " ", "\t\n"]


def test_a_new_store_does_not_participate() -> None:
    (
        given(Store)
        .when(lambda store: store.create("Corner Bakery", "Floor 0, 12"))
        .then(CREATED)
        .then_state(name="Corner Bakery", location="Floor 0, 12", participating=False)
    )


@pytest.mark.parametrize("blank", BLANK)
def test_a_store_needs_a_name(blank: str) -> None:
    given(Store).when(lambda store: store.create(blank, "Floor 0")).then_invalid("the store name cannot be blank")


@pytest.mark.parametrize("blank", BLANK)
def test_a_store_needs_a_location(blank: str) -> None:
    given(Store).when(lambda store: store.create("Bakery", blank)).then_invalid("the store location cannot be blank")


def test_a_store_is_created_once() -> None:
    given(Store, CREATED).when(lambda store: store.create("Corner Bakery", "Floor 0, 12")).then_nothing()


def test_a_store_may_participate() -> None:
    given(Store, CREATED).when(Store.enable_participation).then(ParticipationToggled(True)).then_state(
        participating=True
    )


def test_a_store_may_end_its_participation() -> None:
    given(Store, CREATED, ParticipationToggled(True)).when(Store.disable_participation).then(
        ParticipationToggled(False)
    ).then_state(participating=False)


def test_a_store_that_participates_cannot_enable_it_again() -> None:
    given(Store, CREATED, ParticipationToggled(True)).when(Store.enable_participation).then_invalid(
        "the store is already participating"
    )


def test_a_store_that_does_not_participate_cannot_disable_it_again() -> None:
    message = "the store is already not participating"
    given(Store, CREATED).when(Store.disable_participation).then_invalid(message)
    given(Store, CREATED, ParticipationToggled(True), ParticipationToggled(False)).when(
        Store.disable_participation
    ).then_invalid(message)


def test_a_store_may_change_its_name() -> None:
    given(Store, CREATED).when(lambda store: store.rebrand("Old Mill")).then(Rebranded("Old Mill")).then_state(
        name="Old Mill", location="Floor 0, 12"
    )


def test_a_change_to_the_same_name_changes_nothing() -> None:
    given(Store, CREATED).when(lambda store: store.rebrand("Corner Bakery")).then_nothing()


@pytest.mark.parametrize("blank", BLANK)
def test_a_new_name_cannot_be_blank(blank: str) -> None:
    given(Store, CREATED).when(lambda store: store.rebrand(blank)).then_invalid("the store name cannot be blank")
