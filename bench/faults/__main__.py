"""`python -m bench.faults`, which `make bench-faults` runs."""

import sys

from bench.faults.cli import main

sys.exit(main(sys.argv[1:]))
