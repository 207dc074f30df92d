"""Letters are kept whole, changed by one at a time, and found by what they are about."""

import random
from typing import Any

import pytest

from functions.kernel.domain.errors import ConcurrencyError, NotFoundError
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row
from functions.operations import rows
from functions.operations.letters import DONE, OPEN, PARKED, Letter
from functions.operations.rows import Filter
from tests.unit.operations.made import made


class Kept:
    def test_a_letter_is_read_as_it_was_stored(self) -> None:
        stored = rows.put(made().after("stored"))
        assert rows.letter(stored.id) == stored
        assert stored.version_of_row == 1

    def test_a_letter_that_is_not_there_is_not_found(self) -> None:
        with pytest.raises(NotFoundError):
            rows.letter("no such letter")

    def test_a_letter_that_moved_on_is_not_overwritten(self) -> None:
        first = rows.put(made())
        second = rows.put(first.after("parked", "operator:ada", state=PARKED))
        with pytest.raises(ConcurrencyError):
            rows.put(first.after("discarded", "operator:bo"))
        with pytest.raises(ConcurrencyError):
            rows.put(made())
        assert rows.letter(first.id) == second

    def test_a_change_is_made_again_where_another_was_quicker(self) -> None:
        rows.put(made())
        others = [lambda letter: letter.after("came again", repetitions=letter.repetitions + 1)]

        def park(letter: Letter) -> Letter:
            if others:
                rows.put(others.pop()(letter))
            return letter.after("parked", state=PARKED)

        changed = rows.change(made().id, park)
        assert (changed.state, changed.repetitions) == (PARKED, 1)
        assert rows.letter(made().id) == changed

    def test_a_repeated_first_write_leaves_the_body_to_who_changed_the_letter_meanwhile(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        views = runtime.current().views
        put = views.put

        def answered_late(row: Row, version: int, **more: Any) -> bool:
            """The answer of the first write is lost; the SDK repeats it after another has parked the letter."""
            stored = put(row, version, **more)
            if row.sort == rows.LETTER and version == 1:
                monkeypatch.setattr(views, "put", put)
                rows.change(made().id, lambda letter: letter.after("parked", "operator:ada", state=PARKED))
                return put(row, version, **more)
            return stored

        monkeypatch.setattr(views, "put", answered_late)
        with pytest.raises(ConcurrencyError):  # as for any write that another was quicker than: it is loaded again
            rows.put(made())
        assert (rows.letter(made().id).body, rows.letter(made().id).state) == (made().body, PARKED)

    @pytest.mark.parametrize("size", [10, 299_000, 400_000, 1_048_576])
    def test_a_body_of_any_size_that_sqs_takes_is_kept_whole(self, size: int) -> None:
        body = "".join(random.Random(size).choices('aé\x01"\\水😀', k=size // 3))[:size]
        rows.put(made(body=body))
        assert rows.letter(made().id).body == body
        assert rows.change(made().id, lambda letter: letter.after("done", state=DONE)).body == body
        assert rows.letter(made().id).body == body

    def test_letters_are_found_by_what_they_are_about_the_latest_first(self) -> None:
        for number in range(1, 6):
            rows.put(made(number, state=PARKED if number == 3 else OPEN))
        rows.put(made(6, "payments/inbox", name="ConfirmPayment", fingerprint="other", reason="Timeout"))

        def found(**wanted: str) -> list[str]:
            return [letter.message_id[-1] for letter in rows.letters(Filter(**wanted)).letters]

        assert found() == ["6", "5", "4", "2", "1", "3"]
        assert found(service="depot") == ["5", "4", "3", "2", "1"]
        assert found(service="depot", state=OPEN) == ["5", "4", "2", "1"]
        assert found(service="payments/inbox") == ["6"]
        assert found(message="ConfirmPayment") == ["6"]
        assert found(reason="SHELF", state=PARKED) == ["3"]
        assert found(group="other") == ["6"]
        assert found(order="order-2") == ["2"]
        assert found(since="2026-03-01T12:02:00Z", until="2026-03-01T12:04:00Z") == ["4", "2", "3"]

    def test_a_list_has_pages(self) -> None:
        for number in range(1, 8):
            rows.put(made(number, state=PARKED if number % 2 else OPEN))
        found, after = [], None
        while True:
            page = rows.letters(Filter(service="depot"), 2, after)
            found += [letter.id for letter in page.letters]
            assert all(letter.body for letter in page.letters)
            after = page.after
            if after is None:
                break
        assert found == [made(number).id for number in range(7, 0, -1)]


class TestInMemory(Kept):
    pass


@pytest.mark.usefixtures("in_dynamodb")
class TestInDynamoDB(Kept):
    pass


@pytest.mark.usefixtures("in_dynamodb")
def test_a_letter_that_failed_a_hundred_times_for_long_reasons_of_any_script_can_be_written() -> None:
    chance = random.Random(1)
    letter = rows.put(made())
    for _ in range(120):
        reason = "".join(chr(chance.randrange(0x20000, 0x2A000)) for _ in range(2_000))
        letter = letter.after("came again", detail=reason)
    kept = rows.put(letter)
    assert rows.letter(kept.id).history == kept.history
    assert kept.history[0] == letter.history[0]
