"""bcrypt alone, in a process of its own: the threads of an instance, and nothing else.

Its threads are as nice as the service's, so that other programs take as much from both.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from authsvc import cores
from authsvc.hashing.passwords import Hasher


def main(argv: list[str]) -> int:
    """COST THREADS SECONDS; prints hashes a second, and CPU seconds of each."""
    cost, threads, seconds = int(argv[0]), int(argv[1]), float(argv[2])
    hasher = Hasher.prepare(b"a benchmark, and nothing is stored", cost)
    until = time.perf_counter() + seconds

    def work() -> tuple[float, int]:
        """Hashes a second of one thread, and how many; each is counted whole."""
        began, count = time.perf_counter(), 0
        while time.perf_counter() < until:
            hasher.verify("correct horse", None)
            count += 1
        return count / (time.perf_counter() - began), count

    before = time.process_time()
    with ThreadPoolExecutor(threads, initializer=cores.step_back) as pool:
        jobs = [pool.submit(work) for _ in range(threads)]
        rates, counts = zip(*(job.result() for job in jobs), strict=True)
    used = (time.process_time() - before) / sum(counts)
    sys.stdout.write(f"{sum(rates)} {used}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
