"""Planted bugs of read models: rows, version checks, sums, and copies in other services."""

from functions.baskets import views as baskets_views
from functions.checkout import views as checkout_views
from functions.depot import views as depot_views
from functions.insights import rollup
from functions.insights.models import stages
from functions.kernel.messaging import known_customers
from functions.kernel.projections import gate, projection, view_store
from functions.kernel.projections.view_store import DynamoViews
from functions.ordering import views as ordering_views
from functions.search import service as search_service
from functions.search import views as search_views
from tests.simulation.check.lists import NOTHING_MISSING, NOTHING_TWICE
from tests.simulation.check.projections import NEVER_BACK, REBUILT
from tests.simulation.check.stages import COUNTED, SUMMED
from tests.simulation.planted.bug import Bug, Edit, Set

BUGS = (
    Bug(
        "projection without a gate",
        "A row shows the message that arrived last, not the newest version.",
        (NEVER_BACK, REBUILT),
        (Set(gate, "OPENS", gate.OPENS.replace(" AND attribute_not_exists(deleted)", " OR #version >= :version")),),
    ),
    Bug(
        "gate lets the same version through",
        "A message that is delivered twice is applied twice.",
        (NEVER_BACK,),
        (Set(gate, "OPENS", gate.OPENS.replace("#version < :version", "#version <= :version")),),
    ),
    Bug(
        "deleted row restored",
        "A late message restores a deleted row.",
        (NEVER_BACK, REBUILT),
        (Edit(view_store.to_item, 'item["deleted"] = {"BOOL": True}', 'item["version"] = {"N": "0"}'),),
    ),
    Bug(
        "an order counted twice",
        "A late minute is added to its sum, not made again from its rows.",
        (SUMMED,),
        (
            Edit(
                rollup._sum_minutes,
                "made: dict[str, Sum] = {kind: {} for kind in KINDS}",
                "made: dict[str, Sum] = {\n"
                "            kind: next((sum for _, sum, _ in stored(kind, MINUTE, one, one + END)), None) or {}\n"
                "            for kind in KINDS\n"
                "        }",
            ),
        ),
    ),
    Bug(
        "a stage counted again when it is received again",
        "The row of a stage has a key of its own for each receipt.",
        (COUNTED,),
        (Edit(stages.stage_row, "_order_id(event), data", 'f"{_order_id(event)} {clock.stamp()}", data'),),
    ),
    Bug(
        "the hour of receipt instead of the stage's own",
        "A stage counts in the hour in which its message is handled.",
        (COUNTED,),
        (Edit(stages._time, "clock.stamp(clock.read(metadata.time))", "clock.stamp()"),),
    ),
    Bug(
        "a roll-up hides a late row",
        "A row that comes into a minute that was summed up leaves no mark.",
        (SUMMED,),
        (Edit(stages.late_mark, "if claimed[", "if True or claimed["),),
    ),
    Bug(
        "a late row hidden in its hour",
        "A late minute is summed up again, its hour is not.",
        (SUMMED,),
        (Edit(rollup._make_again, "done and _sum_hour(one, number)", "done"),),
    ),
    Bug(
        "marks deleted without their minutes",
        "A roll-up deletes the marks of a minute and leaves its sum.",
        (SUMMED,),
        (Edit(rollup._make_again, "_sum_minutes(late, late + END, number, has_time)", "pass"),),
    ),
    Bug(
        "lateness judged by the clock",
        "A row has a mark when it comes a minute after its time, claimed or not.",
        (SUMMED,),
        (
            Edit(
                stages.late_mark,
                'if claimed["until"] and minute(_time(metadata)) >= claimed["until"]:',
                "if (clock.now() - clock.read(metadata.time)).total_seconds() < 60:",
            ),
        ),
    ),
    Bug(
        "projection with a version of its own",
        "A row has the version of its message's schema instead of its stream's.",
        (REBUILT, NEVER_BACK),
        (Edit(projection.Projection._write, "metadata.stream_version", "metadata.version"),),
    ),
    Bug(
        "payment not shown in search",
        "Search ignores that an order was paid.",
        (REBUILT,),
        (
            Edit(
                search_views.order_row,
                "data = event",
                'if metadata.name == "OrderPaid":\n        return None\n    data = event',
            ),
        ),
    ),
    Bug(
        "one row for all stages",
        "The stages that an order reaches at one time share a row, so one of them is not counted.",
        (COUNTED,),
        (Edit(stages.stage_row, "STAGES[type(event)]", '"completed"'),),
    ),
    Bug(
        "erased customer kept in a copy",
        "Baskets and payments take a customer who was erased for one who is there.",
        (REBUILT,),
        (Edit(known_customers.erased_customer_row, '{"erased": True}', '{"erased": False}'),),
    ),
    Bug(
        "completed order still awaits payment",
        "The index of unpaid orders keeps those that have ended.",
        (REBUILT,),
        (
            Edit(
                ordering_views._ended,
                '{"order_id": order_id}, ',
                '{"order_id": order_id}, indexes={"unpaid": ("ready", clock.stamp(at))}, ',
            ),
        ),
    ),
    Bug(
        "left baskets not found",
        "An open basket is in no index, so the sweep never finds it.",
        (REBUILT,),
        (Edit(baskets_views._open, 'indexes={"untouched": ("open", touched_at)}', "indexes={}"),),
    ),
    Bug(
        "completed orders left in the index",
        "An order of search stays in the index when it is completed.",
        (REBUILT,),
        (Edit(search_views._entry, 'status == "completed"', 'status == "never"'),),
    ),
    Bug(
        "completed lists left in the index",
        "A list of the depot stays in the index when it is completed.",
        (REBUILT,),
        (Edit(depot_views.list_row, "in INDEXED", 'in (*INDEXED, "completed")'),),
    ),
    Bug(
        "price of the copy never changes",
        "Baskets ignores changes of prices.",
        (REBUILT,),
        (
            Edit(
                baskets_views.product_row,
                "return",
                'if metadata.name == "ProductPriceChanged":\n        return []\n    return',
            ),
        ),
    ),
    Bug(
        "all sagas listed by an index",
        "The list of all sagas is read by an index that has some of them, where one moves when its status changes.",
        (NOTHING_TWICE, NOTHING_MISSING),
        (
            Edit(
                checkout_views.sagas,
                "query(LIST, limit=limit, after=after)",
                'query(LIST, index="sagas", limit=limit, after=after, descending=True)',
            ),
        ),
    ),
    Bug(
        "all orders searched by status",
        "A search without filters reads the orders of one status after those of another.",
        (NOTHING_TWICE, NOTHING_MISSING),
        (
            Edit(
                search_service._candidates,
                "partitions = [views.MALL]",
                "partitions = []\n        statuses = "
                '("pending", "approved", "ready", "completed", "cancelled", "rejected")\n'
                "        return (row for one in statuses for row in views.by_status(one, first, last, a_page))",
            ),
        ),
        long_days=True,
    ),
    Bug(
        "unprocessed keys dropped",
        "What DynamoDB leaves unprocessed of a batch read counts as not there.",
        (NOTHING_MISSING,),
        (Edit(DynamoViews._batch, "left = unprocessed", "left = []"),),
    ),
)
