"""The rows of the staff's boards."""

from functions.kernel.projections.projection import Projection

projection = Projection()
