"""The SDK part of every simulated client: latency, faults before and after the effect of a call, and retries."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from functions.kernel.runtime import budget
from tests.simulation.choices import Choices
from tests.simulation.cost import Cost
from tests.simulation.faults import Faults
from tests.simulation.history import History
from tests.simulation.scheduler import SECOND, Promise, Scheduler

ATTEMPTS = 2  # of the SDK's standard mode, as the composition sets it
CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 2.0
LONGEST_BACK_OFF = 20.0
LONGEST_OUTAGE = 20  # seconds: longer than the relay's own retries
STANDSTILL = 60.0  # seconds: longer than any function may take

# botocore.retries.standard: ThrottledRetryableChecker and TransientRetryableChecker.
RETRYABLE = frozenset(
    {
        "InternalServerError",
        "InternalFailure",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "ServiceUnavailable",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
BEFORE = (
    "throttle",
    "internal error",
    "no connection",
    "killed before call",
    "slow call",
    "function slow",
    "clock step",
    "outage",
)
AFTER = ("reply lost", "internal error after effect", "killed after call")

Effect = Callable[[], Any]


class Caller(Protocol):
    """The caller of a client: a container, which may be killed."""

    name: str
    lineage: Mapping[str, int]

    def kill(self) -> None:
        """Kill the caller. Raises Killed."""

    def shift_clock(self, by_us: int) -> None:
        """Shift its clock by so many microseconds."""


class World:
    """What all parts of the simulated cloud share: choices, faults, scheduler and history."""

    def __init__(self, choices: Choices, faults: Faults, begin_us: int = 0) -> None:
        self.choices = choices
        self.faults = faults
        self.scheduler = Scheduler(choices, begin_us)
        self.history = History(self.scheduler)
        self.cost = Cost()
        faults.history = self.history
        self.newest_code = False  # whether the deployment of the newest code is complete
        self.outage_until: dict[str, int] = {}  # AWS services with an outage of seconds, and its end
        self.away: dict[str, str] = {}  # what has an outage of minutes or hours (outages.py), and how calls to it fail
        self.schedules_rest = False  # whether no schedule fires: nights.py
        self._numbers: dict[str, int] = {}
        self._random_bytes = 0
        self.logged: list[tuple[int, str, tuple[object, ...]]] = []
        """When, by which container, and the parts of the line."""

    def log(self, container: str, line: tuple[object, ...]) -> None:
        """Keep a line that a container logged."""
        self.logged.append((self.scheduler.now_us, container, line))

    def random_bytes(self, number: int) -> bytes:
        """So many bytes that depend on the seed and on how often this was called."""
        self._random_bytes += 1
        return hashlib.shake_128(f"{self.choices.seed} {self._random_bytes}".encode()).digest(number)

    def number(self, prefix: str) -> str:
        """The next id with this prefix."""
        number = self._numbers.get(prefix, 0) + 1
        self._numbers[prefix] = number
        return f"{prefix}-{number}"


def client_error(code: str, message: str, operation: str, status: int = 400, **more: Any) -> ClientError:
    """An error as botocore raises it."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}, "RequestId": "simulated", "RetryAttempts": 0},
        **more,
    }
    return ClientError(response, operation)


class Wire:
    """The connection of one container's client to an AWS service.

    service: its name in addresses (`dynamodb`). throttled: the error code of throttling. attempts: per call.
    read_timeout: seconds for which an attempt waits for its answer.
    """

    def __init__(
        self,
        world: World,
        caller: Caller,
        service: str,
        throttled: str = "ThrottlingException",
        attempts: int = ATTEMPTS,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self._world = world
        self._read_timeout = read_timeout
        self._caller = caller
        self._service = service
        self._endpoint = f"https://{service}.eu-central-1.amazonaws.com/"
        self._throttled = throttled
        self._attempts = attempts

    @property
    def lineage(self) -> Mapping[str, int]:
        """The lineage that the SDK sends in the header of each call: see containers.py."""
        return self._caller.lineage

    @property
    def caller(self) -> str:
        """The name of the container."""
        return self._caller.name

    def call(self, operation: str, target: str, effect: Effect) -> Any:
        """Call an effect on a target (a table, a queue), with retries. It may return a Promise of a later result.

        Raises ClientError, ConnectTimeoutError and ReadTimeoutError as botocore does, after the last attempt.
        """
        where = f"{self._caller.name} {operation} {target}"
        for attempt in range(1, self._attempts + 1):
            try:
                return self._attempt(operation, where, target, effect)
            except ClientError as error:
                if attempt == self._attempts or error.response["Error"]["Code"] not in RETRYABLE:
                    raise
            except BotoCoreError:
                if attempt == self._attempts:
                    raise
            back_off = self._world.choices.seconds(0.0, 1.0, "back-off") * 2 ** (attempt - 1)
            self._world.scheduler.sleep(min(back_off, LONGEST_BACK_OFF))
        raise AssertionError("the last attempt returns or raises")

    def may_be_killed(self, fault: str, operation: str, target: str) -> None:
        """Kill the caller after a call, where a fault of its own strikes."""
        if self._world.faults.strikes(fault, f"{self._caller.name} {operation} {target}"):
            self._caller.kill()

    def _attempt(self, operation: str, where: str, target: str, effect: Effect) -> Any:
        scheduler, faults, choices = self._world.scheduler, self._world.faults, self._world.choices
        budget.check(CONNECT_TIMEOUT + self._read_timeout)  # the guard of every client of the composition
        # One sleep for request and answer: between two effects, nothing of this task touches the world.
        scheduler.sleep(choices.seconds(0.001, 0.008, "latency"))
        fault = faults.one_of(BEFORE, where)
        if fault:
            self._before(fault, operation)
        if faults.on("outage") and scheduler.now_us < self._world.outage_until.get(self._service, 0):
            raise client_error("ServiceUnavailable", "Service is unavailable", operation, status=503)
        if target in self._world.away:
            self._refuse(operation, where, self._world.away[target])
        error: ClientError | None = None
        result: Any = None
        try:
            result = effect()
        except ClientError as raised:
            error = raised
        if isinstance(result, Promise):
            if not scheduler.wait(result, self._read_timeout):
                raise ReadTimeoutError(endpoint_url=self._endpoint)
            result = result.value
            if isinstance(result, ClientError):
                error = result
        fault = faults.one_of(AFTER, where)
        if fault:
            self._after(fault, operation)
        if error is not None:
            raise error
        return result

    def _refuse(self, operation: str, where: str, how: str) -> None:
        """Fail as a call to a service that is away."""
        cancelled = how == "throttled" and operation == "TransactWriteItems"
        self._world.history.record("refused", where=where, retried=not cancelled)
        if cancelled:
            # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
            reasons = [{"Code": "ThrottlingError", "Message": "Rate exceeded"}]
            message = "Transaction cancelled, please refer cancellation reasons for specific reasons [ThrottlingError]"
            raise client_error("TransactionCanceledException", message, operation, CancellationReasons=reasons)
        if how == "throttled":
            raise client_error(self._throttled, "Rate exceeded", operation)
        if how == "error":
            raise client_error("InternalServerError", "Internal server error", operation, status=500)
        self._world.scheduler.sleep(self._read_timeout)
        raise ReadTimeoutError(endpoint_url=self._endpoint)

    def _before(self, fault: str, operation: str) -> None:
        scheduler = self._world.scheduler
        if fault == "throttle":
            raise client_error(self._throttled, "Rate exceeded", operation)
        if fault == "internal error":
            raise client_error("InternalServerError", "Internal server error", operation, status=500)
        if fault == "no connection":
            scheduler.sleep(CONNECT_TIMEOUT)
            raise ConnectTimeoutError(endpoint_url=self._endpoint)
        if fault == "killed before call":
            self._caller.kill()
        if fault == "clock step":
            self._caller.shift_clock(-self._world.choices.between(1, 3 * SECOND, fault))
            return
        if fault == "outage":
            seconds = self._world.choices.between(2, LONGEST_OUTAGE, fault)
            self._world.outage_until[self._service] = scheduler.now_us + seconds * SECOND
            return
        if fault == "function slow":
            scheduler.sleep(STANDSTILL)
        scheduler.sleep(self._world.choices.seconds(0.05, 1.5, "slow call"))

    def _after(self, fault: str, operation: str) -> None:
        if fault == "reply lost":
            self._world.scheduler.sleep(self._read_timeout)
            raise ReadTimeoutError(endpoint_url=self._endpoint)
        if fault == "internal error after effect":
            raise client_error("InternalServerError", "Internal server error", operation, status=500)
        self._caller.kill()
