"""`python -m runtime`."""

import sys

from runtime.command import main

if __name__ == "__main__":
    sys.exit(main())
