"""The faults of a schedule of the staff's stream: those of the cloud that can strike live, and those of sockets."""

from tests.simulation.faults import FAULTS

OF_THE_CLOUD = (
    "throttle",
    "internal error",
    "internal error after effect",
    "no connection",
    "reply lost",
    "killed before call",
    "killed after call",
    "outage",
    "slow call",
    "keys unprocessed",
    "stale read",
    "bus duplicate",
    "bus delay",
    "queue duplicate",
    "visibility ends",
    "acknowledgement lost",
    "queue delay",
    "cold start",
    "function slow",
    "invoke throttled",
    "clock skew",
    "clock step",
)
OF_SOCKETS: dict[str, tuple[str, float]] = {
    "connection throttled": ("the gateway refuses a new connection (429)", 0.2),
    "connection cut": ("a connection is cut, in the middle of what comes and goes; both sides are told", 0.012),
    "connection dead": (
        "a connection carries nothing any more; the gateway finds that later, the page is not told",
        0.006,
    ),
    "post late": ("a frame reaches the page up to 3 s late, after younger ones", 0.04),
    "post lost": ("a frame is taken and never reaches the page", 0.012),
    "post twice": ("a frame reaches the page twice", 0.012),
    "frame late": ("a frame of a page is handled up to 8 s late, after younger ones", 0.03),
    "frame twice": ("a frame of a page is handled twice", 0.02),
    "deploy": ("a deployment closes all connections, and all containers are new", 0.3),
    "token unavailable": ("a page gets no token", 0.15),
    "timer late": ("a timer of a page fires up to a minute late", 0.02),
    "page asleep": ("a page stands still, then goes on with what it got meanwhile", 0.2),
    "page offline": ("a page has no network", 0.2),
    "expired deleted": ("DynamoDB deletes what has expired", 0.6),
}
LIVE_FAULTS: dict[str, tuple[str, float]] = {name: FAULTS[name] for name in OF_THE_CLOUD} | OF_SOCKETS
