"""The indexes of the rows of operations, which are no read model: rows.py writes them."""

from functions.kernel.projections.projection import Projection

OF_STATE = "of_state"  # letters of a state, and groups, by when they were opened or last seen
OF_SERVICE = "of_service"  # letters of a service
OF_GROUP = "of_group"  # letters of a group
OF_ORDER = "of_order"  # letters about an order

projection = Projection(indexes=[OF_STATE, OF_SERVICE, OF_GROUP, OF_ORDER])
