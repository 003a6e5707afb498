"""Starts parts in the order of their needs, notices the first death, stops them in reverse."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loadtest.parts import Death, Part, Process, tail

POLL_SECONDS = 0.05


class PartFailed(Exception):
    """A part ended unasked, or was not ready in time. The message names it and shows its log."""


class Supervisor:
    """The parts of one stack, in stages: a stage is stopped before the stages listed earlier.

    Each part starts as soon as the parts named in its `after` are ready; the stages say nothing
    about starting, only about stopping.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[Part]],
        logs: Path,
        directory: Path,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._stages = stages
        self._logs = logs
        self._directory = directory
        self._say = say
        self._parts = [part for stage in stages for part in stage]
        self._ready = {part.name: asyncio.Event() for part in self._parts}
        self._processes: dict[str, Process] = {}
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._first_death: asyncio.Future[Death] = asyncio.get_running_loop().create_future()

    async def start(self, within: float) -> None:
        """Bring all parts up.

        Raises PartFailed when one dies or when `within` seconds were not enough, OSError when a
        program cannot be started. What was started stays until `stop`.
        """
        rising = [asyncio.ensure_future(self._bring_up(part)) for part in self._parts]
        all_up = asyncio.gather(*rising)
        try:
            either: set[asyncio.Future[Any]] = {all_up, self._first_death}
            await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if self._first_death.done():
                raise PartFailed(f"{self._first_death.result()}")
            if not all_up.done():
                raise PartFailed(self._lateness(within))
            all_up.result()
        finally:
            for task in rising:
                task.cancel()
            await asyncio.gather(*rising, all_up, return_exceptions=True)

    async def died(self) -> Death:
        """Wait for the first part that ends unasked."""
        return await asyncio.shield(self._first_death)

    async def stop(self) -> None:
        """Stop every part, the latest stage first; a stage's own parts at the same time."""
        self._stopping = True
        for stage in reversed(self._stages):
            processes = [self._processes[part.name] for part in stage if self._is_running(part)]
            await asyncio.gather(*(process.stop() for process in processes))
        await asyncio.gather(*self._watchers)

    def kill(self) -> None:
        """End everything now; `stop`, running or called next, then has only to collect."""
        for process in self._processes.values():
            process.kill()

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the parts that run now, by name."""
        return {name: one.pid for name, one in self._processes.items() if not one.gone}

    def _is_running(self, part: Part) -> bool:
        return part.name in self._processes and not self._processes[part.name].gone

    async def _bring_up(self, part: Part) -> None:
        for name in part.after:
            await self._ready[name].wait()
        log = self._logs / f"{part.name}.log"
        process = await Process.start(part, log, self._directory)
        self._processes[part.name] = process
        self._watchers.append(asyncio.ensure_future(self._watch(process)))
        if part.ready is None:
            if (await process.ended()).exit != 0:
                await self.died()  # it is its own death that `_watch` reports: never ready
        else:
            while not await part.ready():  # noqa: ASYNC110 - it is another process that we ask
                await asyncio.sleep(POLL_SECONDS)
        if part.then is not None:
            await part.then()
        self._ready[part.name].set()
        self._say(f"{part.name} {'done' if part.ready is None else 'ready'}")

    async def _watch(self, process: Process) -> None:
        """Remember the first death that nobody asked for; a job's end with 0 is none."""
        death = await process.ended()
        finished = process.part.ready is None and death.exit == 0
        if not (finished or self._stopping or self._first_death.done()):
            self._first_death.set_result(death)

    def _lateness(self, within: float) -> str:
        """Which parts are not ready: the started ones with their logs, the rest by name."""
        late = [part for part in self._parts if not self._ready[part.name].is_set()]
        started = [part.name for part in late if part.name in self._processes]
        waiting = [part.name for part in late if part.name not in self._processes]
        lines = [
            f"{name} was not ready within {within:g} s{tail(self._processes[name].log)}"
            for name in started
        ]
        if waiting:
            lines.append(f"not even started, as they wait for it: {', '.join(waiting)}")
        return "\n".join(lines)
