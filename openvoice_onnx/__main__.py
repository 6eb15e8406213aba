"""`python -m openvoice_onnx`, the same as the command `openvoice-onnx`."""

import sys

from openvoice_onnx.command import main

if __name__ == "__main__":
    sys.exit(main())
