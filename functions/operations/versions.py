"""Which code each service runs, asked of the service itself: of its relay, or of its forecast where it has no relay.

The forecast of no letters does nothing and says its code. No function has to be made for this, and no permission.
"""

from dataclasses import dataclass
from functools import partial

from functions.kernel.runtime import observe, runtime
from functions.operations import consumers
from functions.operations.cloud import forecasts_now, relays_now
from functions.operations.consumers import Served


@dataclass(frozen=True)
class Running:
    """A service, and the version of its code: empty where the deployment does not say, None where it is silent."""

    service: str
    code: str | None


def running() -> list[Running]:
    """All services that operations knows, by name."""
    served = [one for _, one in sorted(consumers.services().items())]
    codes = runtime.current().side_by_side([partial(_code, one) for one in served])
    return [_running(one, code) for one, code in zip(served, codes, strict=True)]


def _code(one: Served) -> str:
    if one.has_history:
        return str(relays_now().invoke(one.name, {"about": {}})["code"])
    if one.has_consumers:
        return str(forecasts_now().invoke(one.name, {"letters": []})["code"])
    return runtime.current().code  # operations itself: all others have a relay or handle messages


def _running(one: Served, code: str | Exception) -> Running:
    if isinstance(code, Exception):
        observe.log_error("a service did not say which code it runs", code, service=one.name)
        return Running(one.name, None)
    return Running(one.name, code)
