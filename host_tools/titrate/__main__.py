"""`python -m titrate` is the `titrate` command."""

import sys

from titrate.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
