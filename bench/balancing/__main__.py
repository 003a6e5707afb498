"""`python -m bench.balancing`, which `make bench-balancing` runs."""

import sys

from bench.balancing.cli import main

sys.exit(main(sys.argv[1:]))
