"""The checks of a stage in an AWS account, with the credentials of the environment."""

from clients.cli.checks.check import ACCOUNT, check
from clients.cli.published import services
from clients.cli.tool import Tool
from clients.mall import Json

RIGHT = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


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
    return ", ".join(f"{name} {status}" for name, status in tool.account.statuses().items() if status not in RIGHT)


@check(ACCOUNT, "no alarm rings", "docs/runbooks, the page that is named as the alarm")
def alarms(tool: Tool) -> str:
    return ", ".join(tool.account.ringing())
