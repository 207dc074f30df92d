"""The console's panel of a local mall: the control server, and what the console must know to reach it.

The console is told by its config.json, and may ask by the policy of its headers; both are as before when it ends. Both
are changed in the engine that runs, not in a template.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.cloud import LocalCloud
from infra.local.control import Control
from infra.local.faults import Faults
from infra.local.pages import told
from infra.local.process import REGION
from infra.local.up import arguments_of
from infra.operate import publish_pages

POLICY = f"mallbots-local-pages-{REGION}"  # of the console's and the kiosk's headers
CONNECT = re.compile(r"connect-src ([^;]*)")


@contextmanager
def panel(cloud: LocalCloud) -> Iterator[Control]:
    """The control server for as long as the block takes. At its end, all that is broken is mended."""
    faults = Faults(cloud)
    here = arguments_of(cloud.engine.port, cloud.state)
    control = Control(faults, cloud.pages, lambda: engine_state(cloud, faults), here)
    _admit(cloud, control.address)
    publish_pages.tell(cloud, "console", {**told(cloud), "control": control.told()})
    try:
        yield control
    finally:
        control.stop()
        faults.mend_all()
        if cloud.engine.is_running():
            publish_pages.tell(cloud, "console", told(cloud))
            _admit(cloud, None)


def engine_state(cloud: LocalCloud, faults: Faults) -> str:
    """Whether the engine answers, is silent, or is not there: "up", "silent" or "down"."""
    if not cloud.engine.is_running():
        return "down"
    return "silent" if "network" in faults.broken() else "up"


def connecting(policy: str, engine: str, control: str | None) -> str:
    """A content security policy with this control server's address, in the place of any before it."""
    [found] = CONNECT.findall(policy)
    kept = [one for one in found.split() if one == engine or not one.startswith("http://127.0.0.1:")]
    return CONNECT.sub(" ".join(["connect-src", *kept, *([control] if control else [])]), policy)


def _admit(cloud: LocalCloud, control: str | None) -> None:
    cloudfront = cloud.client("cloudfront")
    listed = cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]["Items"]
    for one in (item["ResponseHeadersPolicy"] for item in listed):
        if one["ResponseHeadersPolicyConfig"]["Name"] != POLICY:
            continue
        found = cloudfront.get_response_headers_policy(Id=one["Id"])
        config = found["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
        said = config["SecurityHeadersConfig"]["ContentSecurityPolicy"]
        said["ContentSecurityPolicy"] = connecting(said["ContentSecurityPolicy"], cloud.address, control)
        cloudfront.update_response_headers_policy(
            Id=one["Id"], IfMatch=found["ETag"], ResponseHeadersPolicyConfig=config
        )
