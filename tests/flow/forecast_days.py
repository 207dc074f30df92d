"""Count what is forecast rightly and wrongly of the dead letters of many days: `python -m tests.flow.forecast_days 40`.

The last line is JSON: letters, answers by kind, false passes and false failures, and commits that were not as forecast.
"""

import json
import sys
from collections import Counter

from functions.kernel.runtime import ids
from tests.flow.forecasting import FAILS, PASSES, Compared, Troubled, breakable, forecast_and_redrive

DEEDS = 20


def a_day(seed: int) -> Compared:
    """Forecasts of one day beside outcomes."""
    day = Troubled(seed)
    with ids.fixed(day.crowd.new_id), breakable(day.mall, day.broken):
        day.pass_by(DEEDS)
        day.mend()
        return forecast_and_redrive(day.mall, day.letters())


def main(days: int) -> None:
    """Print the figures of so many days."""
    answers, wrong, kinds = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    for seed in range(days):
        compared = a_day(seed)
        answers += compared.answers
        kinds += compared.kinds
        found = (compared.false_passes, compared.false_failures, compared.wrong_writes)
        wrong.update({name: len(which) for name, which in zip(("passes", "failures", "writes"), found, strict=True)})
    for (kind, answer), number in sorted(kinds.items()):
        print(f"{kind:10} {answer:12} {number:6}")
    figures = {
        "letters": answers.total(),
        "pass": sum(answers[answer] for answer in PASSES),
        "do_not_pass": sum(answers[answer] for answer in FAILS),
        "cannot_tell": answers["cannot tell"],
        "false_passes": wrong["passes"],
        "false_failures": wrong["failures"],
        "other_writes": wrong["writes"],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]))
