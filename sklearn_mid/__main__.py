"""``python -m sklearn_mid``: the command, where its script is not on the path."""

import sys

from sklearn_mid.cli import main

if __name__ == "__main__":
    sys.exit(main())
