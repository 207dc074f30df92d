"""The subscribers of each message, and the answers to each command.

A copy, so that the checker is independent of the system; ../test_checker_tables.py compares it with what the services
register.
"""

ORDERING, CHECKOUT, DEPOT, DISPATCHER = "ordering/inbox", "checkout/inbox", "depot/inbox", "depot/dispatcher"
PAYMENTS, NOTIFICATIONS, SEARCH, INSIGHTS = "payments/inbox", "notifications/inbox", "search/inbox", "insights/inbox"
BASKETS, STORES, CUSTOMERS, LIVE = "baskets/inbox", "stores/inbox", "customers/inbox", "live/inbox"
FLEET, CODES, DEPOT_ROWS = "fleet/inbox", "notifications/codes", "depot/gathered"

_CATALOGUE = (BASKETS, DEPOT_ROWS, INSIGHTS, SEARCH, STORES)
_CUSTOMER = (BASKETS, INSIGHTS, PAYMENTS)
_ORDER = (INSIGHTS, LIVE, NOTIFICATIONS, PAYMENTS, SEARCH)
_REPLY = (CHECKOUT,)

SUBSCRIBERS: dict[str, tuple[str, ...]] = {
    "StoreCreated": (*_CATALOGUE, LIVE),
    "StoreParticipationToggled": (*_CATALOGUE, LIVE),
    "StoreRebranded": (*_CATALOGUE, LIVE),
    "ProductAdded": _CATALOGUE,
    "ProductRebranded": _CATALOGUE,
    "ProductPriceChanged": _CATALOGUE,
    "ProductRemoved": (BASKETS, DEPOT_ROWS, INSIGHTS, STORES),
    "CustomerRegistered": _CUSTOMER,
    "CustomerSmsChanged": _CUSTOMER,
    "CustomerLanguageChanged": _CUSTOMER,
    "CustomerEnabled": _CUSTOMER,
    "CustomerDisabled": _CUSTOMER,
    "CustomerErased": _CUSTOMER,
    "OneTimeCodeRequested": (INSIGHTS, CODES),
    "BasketStarted": (BASKETS, INSIGHTS),
    "BasketCancelled": (BASKETS, INSIGHTS),
    "BasketAbandoned": (BASKETS, INSIGHTS),
    "BasketCheckedOut": (BASKETS, INSIGHTS, ORDERING),
    "OrderCreated": (CHECKOUT, LIVE, NOTIFICATIONS, PAYMENTS, SEARCH),
    "OrderApproved": _ORDER,
    "OrderRejected": (*_ORDER, DEPOT),
    "OrderReadied": (*_ORDER, ORDERING),
    "OrderPaid": (INSIGHTS, LIVE, SEARCH),
    "OrderCancelled": (*_ORDER, CHECKOUT, DEPOT, ORDERING),
    "OrderCompleted": (*_ORDER, ORDERING),
    "ShoppingListCreated": (DEPOT_ROWS, LIVE),
    "ShoppingListAvailable": (DISPATCHER, DEPOT_ROWS, LIVE),
    "ShoppingListAssigned": (DEPOT_ROWS, FLEET, LIVE),
    "ShoppingListStarted": (INSIGHTS, LIVE),
    "ShoppingListItemPicked": (INSIGHTS, LIVE),
    "ShoppingListCompleted": (DEPOT_ROWS, INSIGHTS, LIVE, ORDERING),
    "ShoppingListCancelled": (DEPOT_ROWS, INSIGHTS, LIVE, ORDERING),
    "BotRegistered": (DEPOT_ROWS, FLEET, INSIGHTS, LIVE),
    "BotCameOnline": (DISPATCHER, DEPOT_ROWS, FLEET, INSIGHTS, LIVE),
    "BotWentOffline": (DEPOT_ROWS, FLEET, INSIGHTS, LIVE),
    "BotAssigned": (DEPOT_ROWS, FLEET, LIVE),
    "BotFinished": (DISPATCHER, DEPOT_ROWS, FLEET, LIVE),
    "BotRetired": (DEPOT_ROWS, FLEET, INSIGHTS, LIVE),
    "RobotConnected": (DEPOT, INSIGHTS),
    "RobotDisconnected": (DEPOT, INSIGHTS),
    "PaymentAuthorized": (INSIGHTS,),
    "PaymentConfirmed": (LIVE,),
    "PaymentVoided": (INSIGHTS, LIVE),
    "PaymentRefunded": (LIVE,),
    "InvoiceCreated": (LIVE,),
    "InvoiceAdjusted": (LIVE,),
    "InvoicePaid": (INSIGHTS, LIVE, ORDERING),
    "InvoiceCancelled": (LIVE,),
    "DifferenceFound": (PAYMENTS,),
    "DifferenceCleared": (PAYMENTS,),
    "NotificationSent": (NOTIFICATIONS,),
    "AuthorizeCustomer": (CUSTOMERS,),
    "CreateShoppingList": (DEPOT,),
    "ConfirmPayment": (PAYMENTS,),
    "InitiateShopping": (DEPOT,),
    "ApproveOrder": (ORDERING,),
    "RejectOrder": (ORDERING,),
    "CancelShoppingList": (DEPOT,),
    "VoidPayment": (PAYMENTS,),
    "ReportCollection": (DEPOT,),
    "CustomerAuthorized": _REPLY,
    "CustomerRefused": _REPLY,
    "ShoppingListAccepted": _REPLY,
    "ShoppingListRefused": _REPLY,
    "PaymentAccepted": _REPLY,
    "PaymentRefused": _REPLY,
    "ShoppingInitiated": _REPLY,
    "ShoppingRefused": _REPLY,
    "OrderApprovalAccepted": _REPLY,
    "OrderApprovalRefused": _REPLY,
    "OrderRejectionAccepted": _REPLY,
    "OrderRejectionRefused": _REPLY,
    "ShoppingListCancellationAccepted": _REPLY,
    "PaymentVoidAccepted": _REPLY,
    "CollectionAccepted": (),
    "CollectionRefused": (FLEET,),
}

# The newest version of each message that is not at its first.
VERSIONS: dict[str, int] = {
    "InvoiceAdjusted": 2,
    # Of version 1 is what has a name or a number.
    "CustomerRegistered": 2,
    "CustomerSmsChanged": 2,
    "CustomerLanguageChanged": 2,
    "CustomerEnabled": 2,
    "CustomerDisabled": 2,
}

TIMERS = {
    "SagasDue",
    "SagaWatchEnds",
    "StepTimedOut",
    "SagaMoved",
    "LeaseEnds",
    "LookAgain",
    "RobotLeasesDue",
    "WaitingListsDue",
    "RefundDue",
    "VoidDue",
    "UnconfirmedPaymentsDue",
    "UnpaidOrdersDue",
    "UntouchedBasketsDue",
    "ReconciliationDue",
    "ReconciliationPageDue",
    "ReconciliationRunsDue",
    "OrderReconciliationDue",
    "PersonalDataToSeal",
    "SumsDue",
}

# The queue of a command, and its answers: acceptance first, then refusal where there is one.
ANSWERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "AuthorizeCustomer": (CUSTOMERS, ("CustomerAuthorized", "CustomerRefused")),
    "CreateShoppingList": (DEPOT, ("ShoppingListAccepted", "ShoppingListRefused")),
    "ConfirmPayment": (PAYMENTS, ("PaymentAccepted", "PaymentRefused")),
    "InitiateShopping": (DEPOT, ("ShoppingInitiated", "ShoppingRefused")),
    "ApproveOrder": (ORDERING, ("OrderApprovalAccepted", "OrderApprovalRefused")),
    "RejectOrder": (ORDERING, ("OrderRejectionAccepted", "OrderRejectionRefused")),
    "CancelShoppingList": (DEPOT, ("ShoppingListCancellationAccepted",)),
    "VoidPayment": (PAYMENTS, ("PaymentVoidAccepted",)),
    "ReportCollection": (DEPOT, ("CollectionAccepted", "CollectionRefused")),
}

MAY_WAIT = {"OrderReconciliationDue"}  # whose handlers may ask to be called again


def may_wait(queue: str, name: str) -> bool:
    """Whether a message may be tried again without a failure: its handler asks for that, or no code handles it yet."""
    return name in MAY_WAIT or (name in SUBSCRIBERS and queue not in SUBSCRIBERS[name])
