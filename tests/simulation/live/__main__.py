"""`python -m tests.simulation.live`: see run.py."""

import sys

from tests.simulation.live.run import main

if __name__ == "__main__":
    sys.exit(main())
