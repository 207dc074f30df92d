"""A rare sequence: an invoice is lowered between the provider's capture and the commit that stores it."""

from tests.simulation.workload.two_refunds import TwoRefundsCustomer


class LateCaptureCustomer(TwoRefundsCustomer):
    """A customer who pays, of which the provider's answer is lost, has the order collected short, and pays again.

    So more is captured than is owed, before anything of it is stored.
    """

    def provoke_late_capture(self, after: float) -> None:
        """Begin after so many seconds; stop where a step does not succeed."""
        self.cloud.sleep(after)
        order = self._place_an_order()
        if order is None or not self._await_invoice(order):
            return
        path = f"/api/payments/invoices/{order.id}/pay"
        self.cloud.provider.unheard.add(order.payment_id)
        self.retry_key = "never"
        answer = self.request("PUT", path)
        self.retry_key = "same key"
        if answer.status != 200 and self._is_collected(order):
            self.pause(5, 15)
            self.request("PUT", path)
