"""Planted bugs of read models: rows, version checks, counters, and copies in other services."""

from functions.baskets import views as baskets_views
from functions.checkout import views as checkout_views
from functions.depot import views as depot_views
from functions.insights.models import sales
from functions.kernel.projections import projection, view_store
from functions.kernel.projections.view_store import DynamoViews
from functions.notifications import views as notifications_views
from functions.ordering import views as ordering_views
from functions.search import service as search_service
from functions.search import views as search_views
from tests.simulation.check.lists import NOTHING_MISSING, NOTHING_TWICE
from tests.simulation.check.projections import COUNTED, NEVER_BACK, REBUILT
from tests.simulation.planted.bug import Bug, Edit, Set

BUGS = (
    Bug(
        "projection without a gate",
        "A row shows the message that arrived last, not the newest version.",
        (NEVER_BACK, REBUILT),
        (Set(view_store, "NEWER", "attribute_not_exists(#partition) OR #version < :version OR #version >= :version"),),
    ),
    Bug(
        "gate lets the same version through",
        "A message that is delivered twice is applied twice.",
        (NEVER_BACK, COUNTED),
        (Set(view_store, "NEWER", view_store.NEWER.replace("#version < :version", "#version <= :version")),),
    ),
    Bug(
        "deleted row restored",
        "A late message restores a deleted row.",
        (NEVER_BACK, REBUILT),
        (Edit(view_store.to_item, 'item["deleted"] = {"BOOL": True}', 'item["version"] = {"N": "0"}'),),
    ),
    Bug(
        "counter beside its row",
        "A counter is increased before the version of its row is checked.",
        (COUNTED,),
        (
            Edit(
                DynamoViews.put,
                "if row.counts:",
                "for (partition, sort), fields in row.counts.items():\n"
                "                update = self._count(partition, sort, fields)\n"
                "                self._client.transact_write_items(TransactItems=[update])\n"
                "            if False:",
            ),
        ),
    ),
    Bug(
        "transaction conflict taken for a repetition",
        "A row that another transaction has locked is not written.",
        (COUNTED,),
        (Edit(DynamoViews.put, 'codes & {"ConditionalCheckFailedException", "ConditionalCheckFailed"}', "codes"),),
    ),
    Bug(
        "locked row skipped",
        "A projection does not retry a write that met a conflict.",
        (COUNTED, REBUILT),
        (Edit(projection._write, "clock.back_off(attempt)", "return"),),
    ),
    Bug(
        "projection with a version of its own",
        "A row has the version of its message's schema instead of its stream's.",
        (REBUILT, NEVER_BACK),
        (Edit(projection.Projection.apply, "metadata.stream_version", "metadata.version"),),
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
        "The stages of an order share a row, so a late stage is not counted.",
        (COUNTED,),
        (Edit(sales.stage_row, "_reached(order_id), stage,", '_reached(order_id), "stage",'),),
    ),
    Bug(
        "erased customer kept in a copy",
        "Notifications keep the number of a customer who was erased.",
        (REBUILT,),
        (Edit(notifications_views.erased_customer_row, "None", "{}"),),
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
