"""Texts by SNS: what is asked of it, and what its refusals mean."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.notifications.texts import SnsTexts, UnreachableNumberError
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


def test_where_no_sender_is_allowed_none_is_named(sns: Any) -> None:
    with aws.calls(sns) as calls:
        SnsTexts(sns, "").send("+15550100", "Your order is ready.", "request-1")
    ((_, asked),) = calls
    assert "AWS.SNS.SMS.SenderID" not in asked["MessageAttributes"]


@pytest.mark.parametrize("sender", ["The whole mall", "MallBotsMall", "12345", "Mall-Bots"])
def test_a_sender_that_sns_would_refuse_is_refused_before_any_text(sns: Any, sender: str) -> None:
    with pytest.raises(RuntimeError, match="1 to 11 letters and digits"):
        SnsTexts(sns, sender)


@pytest.mark.parametrize("code", ["InvalidParameter", "ParameterValueInvalid"])
def test_a_number_that_sns_refuses_is_unreachable_and_the_error_does_not_name_it(sns: Any, code: str) -> None:
    refusal = aws.error(code, "Invalid parameter: PhoneNumber Reason: +15550100 is not valid to publish to")
    with aws.answering(sns, "Publish", refusal), pytest.raises(UnreachableNumberError) as raised:
        SnsTexts(sns, "MallBots").send("+15550100", "Your order is ready.", "request-1")
    assert "0100" not in str(raised.value)


@pytest.mark.parametrize("code", ["AuthorizationError", "KMSAccessDenied"])
def test_any_other_failure_is_no_reason_to_give_up(sns: Any, code: str) -> None:
    with aws.answering(sns, "Publish", aws.error(code, status=403)), pytest.raises(ClientError):
        SnsTexts(sns, "MallBots").send("+15550100", "Your order is ready.", "request-1")
