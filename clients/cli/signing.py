"""login, logout, whoami: who is signed in to a stage."""

from datetime import UTC, datetime
from typing import Annotated

import httpx
import typer

from clients.cli import session, stages
from clients.cli.ending import USAGE, EndedError
from clients.cli.tool import Tool, told
from clients.cli.verbs import verb
from clients.credential import claims

Pages = Annotated[str, typer.Option("--pages", help="The address of the stage's console, when it is new here.")]


@verb("login", "mallbots login")
def login(tool: Tool, pages: Pages = "") -> None:
    """Sign in to a stage, by its pages in a browser of this machine; to a local mall, as its development operator."""
    stage = stages.learn(tool.stage_name, pages) if pages else tool.stage
    if tool.no_input and not stage.is_local:
        raise EndedError("to sign in, a person is needed at a browser", USAGE, "leave out --no-input")
    with told(stage.name):
        session.sign_in(stage, tool.out.say)
    whoami(tool)


@verb("logout", "mallbots logout")
def logout(tool: Tool) -> None:
    """Forget who is signed in to a stage, and revoke the sign-in at its user pool."""
    try:
        was = session.sign_out(tool.stage)
    except httpx.HTTPError as error:
        raise EndedError(f"the sign-in is forgotten here, but the pool did not revoke it ({error})") from None
    tool.out.show({"stage": tool.stage_name, "signedOut": was}, lambda: None)
    tool.out.say(f"signed out of {tool.stage_name}" if was else f"no sign-in to {tool.stage_name} is kept here")


@verb("whoami", "mallbots whoami --json")
def whoami(tool: Tool) -> None:
    """Show who is signed in to a stage, with the roles, and until when the token lasts."""
    with told(tool.stage_name):
        said = claims(session.credential(tool.stage).token())
    expires = datetime.fromtimestamp(said["exp"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if "exp" in said else None
    who = {
        "stage": tool.stage_name,
        "user": said.get("username", said.get("sub", "")),
        "roles": said.get("cognito:groups", []),
        "expires": expires,
        "api": tool.stage.api,
    }
    tool.out.fields(who, who.items())
