"""`python -m bench.auth`."""

import sys

from bench.auth.cli import main

sys.exit(main(sys.argv[1:]))
