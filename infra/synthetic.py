"""Where a stage has synthetic orders: what places one every five minutes, and the alarm that rings for those that fail.

What they cost: `python -m infra.synthetic_cost`.
"""

from aws_cdk import Duration, Stack
from constructs import Construct

from functions.customers.synthetic import approved, synthetic
from infra.alarms import Alarms
from infra.function import ServiceFunction
from infra.names import shared
from infra.operations import run_by_schedule
from infra.stages import Stage

EVERY = Duration.minutes(5)  # as its schedule says
ALARM = "SyntheticOrdersFail"
MISSED = 3  # one may fail for what passes; that the third is not there either is known within 20 minutes


def add_synthetic_orders(scope: Construct, stage: Stage, function: ServiceFunction) -> None:
    """Run a function by its schedule, tell it where the API is, and watch that its orders are approved."""
    function.function.add_environment("API", api_address(Stack.of(scope), stage))
    run_by_schedule(scope, stage, synthetic, function)
    alarms = Alarms(Construct(scope, "SyntheticOrders"), stage, synthetic.service)
    missing = "no synthetic order was approved within 30 s and cancelled for a quarter of an hour"
    find = alarms.logs("synthetic")
    told = alarms.own(approved.metric, EVERY, "SampleCount")
    alarms.silent(ALARM, told, f"{missing}; {find}", MISSED)


def api_address(stack: Stack, stage: Stage) -> str:
    """Where the REST API answers, by its id, which the platform shares."""
    api = shared(stack, stage, "http-api")
    if stage.engine:
        return f"{stage.engine}/_aws/execute-api/{api}/$default"
    return f"https://{api}.execute-api.{stack.region}.{stack.url_suffix}"
