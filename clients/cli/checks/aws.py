"""The checks of a stage in an AWS account, with the credentials of the environment."""

from clients.cli.checks.check import ACCOUNT, check
from clients.cli.published import services
from clients.cli.tool import Tool
from clients.mall import Json

# A stack that rolled back runs the code of before: its deploy failed. One that is being deployed may yet succeed.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
RIGHT = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
AT_WORK = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "REVIEW_IN_PROGRESS")


@check(ACCOUNT, "the AWS credentials are good", "aws sso login, or another AWS_PROFILE")
def credentials(tool: Tool) -> str:
    found: Json = tool.account.call("sts", "get_caller_identity")
    return "" if found.get("Account") else "they are of no account"


@check(ACCOUNT, "every service has its stack", "make deploy STAGE=…; look at AWS_REGION")
def stacks(tool: Tool) -> str:
    there = tool.account.statuses().keys()
    return ", ".join(sorted({"platform", *services()} - there))


@check(ACCOUNT, "no stack failed", "make deploy STAGE=…; CloudFormation's events of the stack say why it failed")
def failed(tool: Tool) -> str:
    bad = {name: status for name, status in tool.account.statuses().items() if status not in (*RIGHT, *AT_WORK)}
    return ", ".join(f"{name} {status}" for name, status in bad.items())


@check(ACCOUNT, "no alarm rings", "docs/runbooks, the page that is named as the alarm")
def alarms(tool: Tool) -> str:
    return ", ".join(tool.account.ringing())
