"""`python -m pytest_ecsevents serve`: the same as the command `ecsevents`."""

import sys

from pytest_ecsevents.cli._main import main

if __name__ == "__main__":
    sys.exit(main())
