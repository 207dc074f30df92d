"""Bad deploys: code that fails at a message, until another deploy mends it."""

from tests.simulation.broken_deploys import breakable
from tests.simulation.workload.client import Client

# Messages of most days.
USUAL = (
    *("CustomerRegistered", "BasketStarted", "BasketCheckedOut", "OrderCreated", "OrderApproved", "PaymentAuthorized"),
    *("AuthorizeCustomer", "CustomerAuthorized", "ConfirmPayment", "PaymentAccepted", "CreateShoppingList"),
    *("ShoppingListAccepted", "ShoppingListCreated", "OrderRejected", "OrderCancelled"),
)
WHOLE = ("payments", "notifications", "checkout", "depot", "ordering", "customers")  # break as a whole


class Deployer(Client):
    """Deploys code that fails at a message, and mends it some minutes later."""

    def deploy(self, after: float, handlers: int, lasts: float) -> None:
        """Break so many handlers (0: all of a consumer), and mend them, now and then one of them later."""
        self.cloud.sleep(after)
        known = [place for place in breakable() if place[2] in USUAL]
        places = [self.choices.pick(known, "which handler") for _ in range(handlers)]
        if not handlers:
            consumer = self.choices.pick(WHOLE, "which consumer"), "inbox"
            places = [place for place in breakable() if place[:2] == consumer]
        for place in places:
            self.cloud.broken.break_handler(place)
        self.cloud.sleep(lasts)
        late = places[:1] if self.chance(0.3, "one is mended later") else []
        for place in places:
            if place not in late:
                self.cloud.broken.mend(place)
        self.pause(60, 600)
        for place in late:
            self.cloud.broken.mend(place)
