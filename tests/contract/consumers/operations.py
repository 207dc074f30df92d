"""What operations reads of the messages it consumes: none, it has no inbox. It takes whatever others gave up."""

from tests.contract.kinds import Reads

READS: Reads = {}
