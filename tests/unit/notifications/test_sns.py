"""Texts by SNS: the calls, and how its errors are read."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.notifications.sns import SnsTexts, UnreachableNumberError
from tests.support import aws


@pytest.fixture(scope="module")
def sns() -> Iterator[Any]:
    with aws.local_aws():
        yield aws.client("sns")


def test_a_text_goes_to_the_number_with_its_request_id_and_its_sender(sns: Any) -> None:
    with aws.calls(sns) as calls:
        SnsTexts(sns, "MallBots").send("+1 (555) 01-00", "Your order is ready.", "request-1")
    ((operation, asked),) = calls
    assert operation == "Publish"
    assert (asked["PhoneNumber"], asked["Message"]) == ("+15550100", "Your order is ready.")
    assert {name: attribute["StringValue"] for name, attribute in asked["MessageAttributes"].items()} == {
        "request_id": "request-1",
        "AWS.SNS.SMS.SenderID": "MallBots",
        "AWS.SNS.SMS.SMSType": "Transactional",
    }


def test_without_a_sender_the_attribute_is_left_out(sns: Any) -> None:
    with aws.calls(sns) as calls:
        SnsTexts(sns, "").send("+15550100", "Your order is ready.", "request-1")
    ((_, asked),) = calls
    assert "AWS.SNS.SMS.SenderID" not in asked["MessageAttributes"]


@pytest.mark.parametrize("sender", ["The whole mall", "MallBotsMall", "12345", "Mall-Bots"])
def test_a_sender_that_sns_would_refuse_is_refused_before_any_text(sns: Any, sender: str) -> None:
    with pytest.raises(RuntimeError, match="1 to 11 letters and digits"):
        SnsTexts(sns, sender)


@pytest.mark.parametrize("code", ["InvalidParameter", "ParameterValueInvalid"])
def test_a_number_that_sns_refuses_is_unreachable_and_the_error_does_not_hold_it(sns: Any, code: str) -> None:
    refusal = aws.error(code, "Invalid parameter: PhoneNumber Reason: +15550100 is not valid to publish to")
    with aws.answering(sns, "Publish", refusal), pytest.raises(UnreachableNumberError) as raised:
        SnsTexts(sns, "MallBots").send("+15550100", "Your order is ready.", "request-1")
    assert "5550100" not in str(raised.value)


@pytest.mark.parametrize("code", ["AuthorizationError", "KMSAccessDenied"])
def test_any_other_error_may_be_retried(sns: Any, code: str) -> None:
    with aws.answering(sns, "Publish", aws.error(code, status=403)), pytest.raises(ClientError):
        SnsTexts(sns, "MallBots").send("+15550100", "Your order is ready.", "request-1")
