"""What is counted of the promise that a text leaves within a minute."""

import json
from datetime import timedelta

import pytest

from functions.kernel.runtime import clock
from functions.notifications.inbox import inbox
from functions.notifications.service import texts_late
from tests.support.delivery import delivered
from tests.support.texts import MemoryTexts
from tests.unit.notifications.mall import CREATED

MADE = "2026-03-14T09:26:53.000000Z"


@pytest.mark.parametrize(("seconds", "late"), [(60, []), (61, [1.0])])
def test_a_text_that_leaves_late_is_counted_and_one_in_time_is_not(
    texts: MemoryTexts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seconds: int,
    late: list[float],
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "notifications")
    with clock.fixed(lambda: clock.read(MADE) + timedelta(seconds=seconds)):
        for _ in range(2):  # the second time, it has been sent
            assert inbox.handle(delivered(CREATED, time=MADE))["batchItemFailures"] == []
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert [number for line in lines for number in line.get(texts_late.metric, [])] == late
    assert len(texts.asked) == 1
