"""Alarms on service levels, as CloudWatch would evaluate them: the four parts of each, and what they make together."""

import json
import re

import pytest

from tests.infra.conftest import Resource, Templates
from tests.infra.test_alarms import rings

LEVELS = {"insights": "ApprovalsLate", "notifications": "TextsLate", "live": "ScreensLate"}
MINUTES = {"FastShort": 5, "FastLong": 60, "SlowShort": 30, "SlowLong": 360}


def parts(templates: Templates, service: str) -> dict[str, Resource]:
    """The alarms of a level by pace and window."""
    return {
        found[1]: alarm
        for stack, name, alarm in templates.resources("AWS::CloudWatch::Alarm")
        if stack == service and (found := re.search(rf"{LEVELS[service]}(\w+?)Alarm", name))
    }


def rings_together(templates: Templates, service: str, late: dict[int, int], all_of: dict[int, int]) -> bool:
    """Whether the composite rings, for what was late and what there was in all within so many minutes."""
    ringing = {}
    for name, alarm in parts(templates, service).items():
        [window] = {m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m}
        assert window == 60 * MINUTES[name]
        ringing[name] = rings(alarm, m0=late[MINUTES[name]], m1=all_of[MINUTES[name]])
    return (ringing["FastLong"] and ringing["FastShort"]) or (ringing["SlowLong"] and ringing["SlowShort"])


@pytest.mark.parametrize("service", LEVELS)
def test_a_composite_is_two_windows_of_each_pace(prod: Templates, service: str) -> None:
    [rule] = [c["AlarmRule"] for stack, _, c in prod.resources("AWS::CloudWatch::CompositeAlarm") if stack == service]
    text = re.sub(
        r'\{"Fn::GetAtt": \["\w*?(Fast|Slow)(Long|Short)Alarm\w+", "Arn"\]\}',
        r'"\1\2"',
        json.dumps(rule["Fn::Join"][1]),
    )
    joined = "".join(json.loads(text)).replace('"', "")
    assert joined == ("((ALARM(FastLong) AND ALARM(FastShort)) OR (ALARM(SlowLong) AND ALARM(SlowShort)))")


@pytest.mark.parametrize("service", LEVELS)
def test_a_composite_notifies_and_its_parts_do_not(prod: Templates, service: str) -> None:
    [rule] = [c for stack, _, c in prod.resources("AWS::CloudWatch::CompositeAlarm") if stack == service]
    assert rule["AlarmActions"] == rule["OKActions"]
    assert len(rule["AlarmActions"]) == 1
    assert [part for part in parts(prod, service).values() if "AlarmActions" in part] == []


CASES = {
    "all in time": (dict.fromkeys((5, 30, 60, 360), 0), False),
    "one late of few": (dict.fromkeys((5, 30, 60, 360), 1), False),
    "a tenth late for an hour": ({5: 10, 30: 60, 60: 120, 360: 120}, True),
    "a tenth late an hour ago, and in time since": ({5: 0, 30: 0, 60: 120, 360: 120}, False),
    "four in a hundred late for six hours": ({5: 4, 30: 24, 60: 48, 360: 288}, True),
    "one in a hundred late for six hours": ({5: 1, 30: 6, 60: 12, 360: 72}, False),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("service", LEVELS)
def test_an_alarm_rings_while_the_budget_is_used_up_early(prod: Templates, service: str, case: str) -> None:
    late, right = CASES[case]
    all_of = {minutes: 20 * minutes for minutes in (5, 30, 60, 360)}
    assert rings_together(prod, service, late, all_of) is right


def test_a_stage_without_service_levels_has_neither_their_alarms_nor_a_dashboard(dev: Templates) -> None:
    kinds = {resource["Type"] for stack in dev.stacks.values() for resource in stack["Resources"].values()}
    assert not kinds & {"AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard"}
