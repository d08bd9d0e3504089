"""Runs jobs in a worker thread, one after the other."""

from __future__ import annotations

import atexit
from collections import deque
from collections.abc import Callable, Iterator

from qtpy.QtCore import QThreadPool
from superqt.utils import create_worker

from napari_fcot.tracking import Job, JobEvent

_LONGEST_STEP_MS = 20_000


class JobRunner:
    """Hands what jobs yield back to the main thread.

    A job that comes while another one is still at its last step waits for it: two
    jobs may use the same tracker.

    Args:
        accept: takes each event, in the main thread.
        finish: is told when a job has ended, in the main thread.
    """

    def __init__(
        self,
        accept: Callable[[Job, JobEvent], None],
        finish: Callable[[Job], None],
    ) -> None:
        self._accept = accept
        self._finish = finish
        self._running: Job | None = None
        self._waiting: deque[Job] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether a worker is at work, be it on a cancelled job's last step."""
        return self._running is not None

    def start(self, job: Job) -> None:
        """Run a job in a worker, as soon as the one before has ended."""
        self._waiting.append(job)
        if self._running is None:
            self._start_next()

    def close(self) -> None:
        """Cancel everything; the worker ends after its present step.

        Python's end waits for that step: a worker that outlives Qt would abort it.
        """
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()
            atexit.register(_wait_for_workers)
        self._accept, self._finish = _ignore_event, _ignore_end

    def _start_next(self) -> None:
        if not self._waiting:
            return
        job = self._running = self._waiting.popleft()

        def run() -> Iterator[JobEvent]:
            yield from job.run()

        create_worker(
            run,
            _connect={"yielded": self._on_yielded, "finished": self._on_finished},
        )

    def _on_yielded(self, event: JobEvent) -> None:
        if self._running is not None:
            self._accept(self._running, event)

    def _on_finished(self) -> None:
        job, self._running = self._running, None
        if job is not None:
            self._finish(job)
        self._start_next()


def _wait_for_workers() -> None:
    pool = QThreadPool.globalInstance()
    if pool is not None:
        pool.waitForDone(_LONGEST_STEP_MS)


def _ignore_event(job: Job, event: JobEvent) -> None:
    """Drop what comes after the panel is closed."""


def _ignore_end(job: Job) -> None:
    """Drop what comes after the panel is closed."""
