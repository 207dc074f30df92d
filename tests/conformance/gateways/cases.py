"""All cases against the gateway."""

from tests.conformance.gateways import acting, connecting, ordering, progressing, sending
from tests.conformance.gateways.declared import GATEWAY_CASES

__all__ = ["GATEWAY_CASES", "acting", "connecting", "ordering", "progressing", "sending"]
