"""`python -m cppnart` is the command `cppnart`."""

import sys

from cppnart.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
