"""The stages that the system is deployed to, with every setting of each."""

import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from functions.kernel.domain.saga import LONGEST_TIMEOUT

Architecture = Literal["arm64", "x86_64"]
Rollout = Literal["in_place", "gradual", "at_once"]

# The settings that one deployment may override (`cdk deploy -c robot_lease=30`), all in seconds.
TIMES = (
    "step_timeout",
    "robot_lease",
    "basket_untouched",
    "order_unpaid",
    "payment_unconfirmed",
    "reconcile_after",
)
LONGEST = 30 * 86_400

MEMORY_OF_HISTORY = 512  # MB at least, of a function that reads pages of history or of letters

SANDBOX = "functions.payments.sandbox:SandboxProvider"  # moves no money
NO_ADAPTER = ""  # a stage that takes real money; a deployment must name its adapter (`-c payment_provider=…`)

ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?|http://([a-z0-9-]+\.)*(localhost|127\.0\.0\.1)(:[0-9]+)?")
LOCAL_ENGINE = "http://127.0.0.1:4566"
LOCAL_BROKER = "127.0.0.1:8883"
NO_BROKER = ""
NO_TRACES = ""
BACKEND = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?|http://(localhost|127\.0\.0\.1):[0-9]+")
# AWS gives a host without a port; MQTT over TLS has this one, by a certificate of the client.
# https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html
MQTT_PORT = 8_883
BROKER = re.compile(r"[a-z0-9.-]+:[0-9]{1,5}")


def local_pages(engine: str) -> str:
    """The origin of the pages that a local cloud serves. Browsers find names under localhost on this machine."""
    return engine.replace("127.0.0.1", "pages.cloudfront.localhost")


LOCAL_PAGES = local_pages(LOCAL_ENGINE)
# Where `make token` waits for who signs in. Cognito takes plain HTTP for localhost alone, and the whole address must be
# among the app's: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html
LOOPBACK = "http://localhost:4590/signed-in"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment's settings. None has a default: STAGES names all of each stage.

    python, architecture: the functions' runtime, for which the layer is built. memory_mb: of each function but those of
    MEMORY_OF_HISTORY. concurrency: how many instances consume a queue without a window at once at most.
    requests_per_second: what the gateway lets through, twice as many in a burst (None: the account's limit).
    api_concurrency: instances reserved for each API, which no queue can take (None: none). parallel_relays: how many
    instances of a relay read one shard of a table's stream. rollout: how new code takes over (infra/rollout.py): in the
    function's place, or gradually behind an alias. keep: whether tables outlive the stack, which is then protected from
    deletion. log_days, archive_days: retention of logs, and of messages in the bus's archive. gathers: whether inboxes
    that may gather batches do. meter: whether functions log what they cost. service_levels: whether there is
    a dashboard, and alarms on what is promised about time (docs/telemetry.md). traces: the address of a backend of OTLP
    to which orders go that have ended (empty: none); traced: how the ids begin of those that do (empty: all; one hex
    digit: a sixteenth). synthetic: whether an order is placed and cancelled every five minutes. kms: whether tables
    are encrypted by a key in KMS rather than by DynamoDB's own. engine: where the local cloud answers (empty on
    AWS). origins: of the pages that may call the API (none: no CORS). callbacks: the addresses to which the managed
    login sends who signed in, beside the consoles of these origins. development_users: whether users may sign in by
    a password without the managed login, as the launcher and the pages of the local cloud let them.

    Read by functions, as MALLBOTS_<NAME>: max_receives, the receive with which an inbox dead-letters a message that
    fails by an error of ours (back-off doubles from 2 s: the 8th receive is 254 s after the first), and before which it
    gives up none that a retry may help. text_sender, the sender of text messages. broker, where robots connect by MQTT
    (host:port): it is an account's own, so on AWS a deployment must name it (`make deploy` looks it up).
    letters_kept_days: how long a dead letter is kept after it is done with or discarded. debug: how the ids begin of
    the flows whose details are logged (empty: none; one hex digit: a sixteenth).
    payment_provider, the import path of the payment provider's adapter. require_participation: whether only products of
    participating stores can be put in a basket.

    Times in seconds: step_timeout, that the saga waits for an answer; robot_lease, that a robot may be silent before
    it is taken offline; basket_untouched, after which a basket is abandoned; order_unpaid, after which an order that is
    ready is cancelled; payment_unconfirmed, after which a payment that no order took is voided; reconcile_after,
    without a change of an order, before a difference of its money counts.
    """

    name: str
    python: str
    architecture: Architecture
    memory_mb: int
    concurrency: int
    requests_per_second: int | None
    api_concurrency: int | None
    parallel_relays: int
    rollout: Rollout
    keep: bool
    log_days: int
    archive_days: int
    gathers: bool
    meter: bool
    service_levels: bool
    traces: str
    traced: str
    synthetic: bool
    kms: bool
    engine: str
    origins: tuple[str, ...]
    callbacks: tuple[str, ...]
    development_users: bool
    max_receives: int
    text_sender: str
    broker: str
    payment_provider: str
    require_participation: bool
    step_timeout: int
    robot_lease: int
    basket_untouched: int
    order_unpaid: int
    payment_unconfirmed: int
    reconcile_after: int
    letters_kept_days: int
    debug: str

    @property
    def has_aliases(self) -> bool:
        """Whether functions are invoked by an alias, behind which versions change."""
        return self.rollout != "in_place"

    @property
    def consoles(self) -> tuple[str, ...]:
        """The addresses of the console at the origins, to which the managed login sends who signed in there."""
        return tuple(f"{origin}/console/" for origin in self.origins)

    @property
    def pool_keys(self) -> str:
        """Where the user pool's public keys are read; empty: at the issuer's address, which no local cloud has."""
        return "$AWS_ENDPOINT_URL" if self.name == "local" else ""

    @property
    def longest_wait(self) -> int:
        """For how many seconds a message waits in a queue on purpose at most: a saga's timeout, a reconciliation."""
        return max(LONGEST_TIMEOUT, self.reconcile_after)

    @property
    def environment(self) -> dict[str, str]:
        """What every function finds in its environment."""
        return {
            "MALLBOTS_STAGE": self.name,
            "MALLBOTS_MAX_RECEIVES": str(self.max_receives),
            "MALLBOTS_TEXT_SENDER": self.text_sender,
            "MALLBOTS_BROKER": self.broker,
            "MALLBOTS_PAYMENT_PROVIDER": self.payment_provider,
            "MALLBOTS_REQUIRE_PARTICIPATION": _flag(self.require_participation),
            **{variable(name): str(getattr(self, name)) for name in TIMES},
            "MALLBOTS_LETTERS_KEPT_DAYS": str(self.letters_kept_days),
            "MALLBOTS_METER": _flag(self.meter),
            "MALLBOTS_DEBUG": self.debug,
        }


def variable(setting: str) -> str:
    """The environment variable in which functions find a setting."""
    return f"MALLBOTS_{setting.upper()}"


def _flag(on: bool) -> str:
    return "1" if on else "0"


STAGES: dict[str, Stage] = {
    "local": Stage(
        name="local",
        # The local cloud runs functions on this machine's own Python.
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        architecture="arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        memory_mb=512,
        concurrency=4,
        requests_per_second=None,
        api_concurrency=None,
        parallel_relays=1,
        rollout="in_place",
        keep=False,
        log_days=1,
        archive_days=14,
        gathers=False,  # people who try something out want to see it at once
        meter=True,
        service_levels=False,
        traces=NO_TRACES,
        traced="0",
        synthetic=False,
        kms=False,
        engine=LOCAL_ENGINE,
        origins=(LOCAL_PAGES,),
        callbacks=(LOOPBACK,),
        development_users=True,
        max_receives=8,
        text_sender="MallBots",
        broker=LOCAL_BROKER,
        payment_provider=SANDBOX,
        require_participation=False,
        step_timeout=2,
        robot_lease=60,
        basket_untouched=1_800,
        order_unpaid=86_400,
        payment_unconfirmed=86_400,
        reconcile_after=10,
        letters_kept_days=90,
        debug="",
    ),
    "dev": Stage(
        name="dev",
        python="3.14",
        architecture="arm64",
        memory_mb=256,
        concurrency=10,
        requests_per_second=50,
        api_concurrency=None,
        parallel_relays=1,
        rollout="in_place",
        keep=False,
        log_days=14,
        archive_days=14,
        gathers=True,
        meter=False,
        service_levels=False,
        traces=NO_TRACES,
        traced="0",
        synthetic=False,
        kms=False,
        engine="",
        origins=(),
        callbacks=(LOOPBACK,),
        development_users=False,
        max_receives=8,
        text_sender="MallBots",
        broker=NO_BROKER,
        payment_provider=SANDBOX,
        require_participation=False,
        step_timeout=60,
        robot_lease=60,
        basket_untouched=1_800,
        order_unpaid=86_400,
        payment_unconfirmed=86_400,
        reconcile_after=3_600,
        letters_kept_days=90,
        debug="",
    ),
    "prod": Stage(
        name="prod",
        python="3.14",
        architecture="arm64",
        memory_mb=256,
        concurrency=50,
        requests_per_second=500,
        # Of 1,000 an account has by default; 100 of them cannot be reserved.
        api_concurrency=50,
        parallel_relays=10,
        rollout="gradual",
        keep=True,
        log_days=90,
        archive_days=14,
        gathers=True,
        meter=False,
        service_levels=True,
        traces=NO_TRACES,
        traced="0",
        synthetic=False,
        kms=True,
        engine="",
        origins=(),
        callbacks=(LOOPBACK,),
        development_users=False,
        max_receives=8,
        text_sender="MallBots",
        broker=NO_BROKER,
        payment_provider=NO_ADAPTER,
        require_participation=False,
        step_timeout=60,
        robot_lease=60,
        basket_untouched=1_800,
        order_unpaid=86_400,
        payment_unconfirmed=86_400,
        reconcile_after=3_600,
        letters_kept_days=90,
        debug="",
    ),
}


def stage(name: str, times: Mapping[str, str] | None = None) -> Stage:
    """The stage of a name; `times` (in seconds) replace its own for this deployment.

    Raises ValueError for an unknown stage or setting, and for a value that is not whole seconds.
    """
    if name not in STAGES:
        raise ValueError(f"unknown stage {name!r}: choose one of {', '.join(sorted(STAGES))}")
    others: dict[str, Any] = {setting: _seconds(setting, text) for setting, text in (times or {}).items()}
    return replace(STAGES[name], **others)


def _seconds(setting: str, text: str) -> int:
    if setting not in TIMES:
        raise ValueError(f"unknown setting {setting!r}: choose one of {', '.join(TIMES)}")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST):
        raise ValueError(f"{setting} must be whole seconds from 1 to {LONGEST}, not {text!r}")
    return int(text)


def read_broker(text: str) -> str:
    """The address of a broker as `host:port`, of what may have no port. Raises ValueError for anything else."""
    address = text if ":" in text else f"{text}:{MQTT_PORT}"
    if not BROKER.fullmatch(address):
        raise ValueError(f"a broker is like abc-ats.iot.eu-west-1.amazonaws.com or {LOCAL_BROKER}, not {text!r}")
    return address


def read_traces(address: str, traced: str) -> tuple[str, str]:
    """The address of a backend of OTLP, and how sampled ids begin. Raises ValueError."""
    if address and not BACKEND.fullmatch(address):
        raise ValueError(f"traces is like https://collector.example:4318, without a path, not {address!r}")
    if not re.fullmatch(r"[0-9a-f]{0,3}", traced):
        raise ValueError(f"traced is how an order's id begins: up to three of 0-9 and a-f, not {traced!r}")
    return address, traced


def read_flag(name: str, text: str) -> bool:
    """Whether a setting is on. Raises ValueError for anything but yes and no."""
    if text not in ("yes", "no"):
        raise ValueError(f"{name} is yes or no, not {text!r}")
    return text == "yes"


def read_origins(text: str) -> tuple[str, ...]:
    """The origins of a list with commas; none for an empty text. Raises ValueError for what a browser does not send."""
    origins = tuple(origin.strip() for origin in text.split(",") if origin.strip())
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(f"an origin is like https://mall.example or {LOCAL_PAGES}, without a path, not {origin!r}")
    return origins
