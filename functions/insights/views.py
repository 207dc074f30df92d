"""The read models of insights: the timeline of every flow, and what was sold and how far orders came."""

from functions.insights.sales import projection as sales
from functions.insights.timeline import projection as timeline

__all__ = ["sales", "timeline"]
