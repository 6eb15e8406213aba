"""Entry point of `python -m runtime`."""

import sys

from runtime.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
