"""Jobs run one after the other, and come back to the main thread."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from napari_fcot.tracking import Job
from napari_fcot.tracking.jobs import Failed, Stage
from napari_fcot.widgets.job_runner import JobRunner


class CountingJob(Job):
    """Yields numbers; remembers in which thread it worked."""

    def __init__(self, count=3, gate=None):
        super().__init__(self._count(count, gate))
        self.threads = set()

    def _count(self, count, gate):
        for number in range(count):
            self.threads.add(threading.get_ident())
            if gate is not None:
                gate.wait(60)
            yield Stage(str(number))


@pytest.fixture
def log():
    return []


@pytest.fixture
def runner(qtbot, log):
    runner = JobRunner(
        lambda job, event: log.append((job, event, threading.get_ident())),
        lambda job: log.append((job, "end", threading.get_ident())),
    )
    yield runner
    qtbot.waitUntil(lambda: not runner.is_busy)


def wait(qtbot, runner):
    qtbot.waitUntil(lambda: not runner.is_busy)


def test_works_in_another_thread_and_tells_in_this_one(qtbot, runner, log):
    job = CountingJob()
    runner.start(job)
    wait(qtbot, runner)
    assert job.threads.isdisjoint({threading.get_ident()})
    assert {ident for _, _, ident in log} == {threading.get_ident()}
    assert [event for _, event, _ in log] == [Stage("0"), Stage("1"), Stage("2"), "end"]


def test_second_job_waits_for_the_first(qtbot, runner, log):
    gate, second = threading.Event(), CountingJob(1)
    first = CountingJob(2, gate)
    runner.start(first)
    runner.start(second)
    qtbot.wait(30)
    assert second.threads == set()
    gate.set()
    wait(qtbot, runner)
    assert [job for job, _, _ in log] == [first] * 3 + [second] * 2


def test_cancelled_job_ends_before_its_next_step(qtbot, runner, log):
    gate = threading.Event()
    job = CountingJob(1000, gate)
    runner.start(job)
    job.cancel()
    gate.set()
    wait(qtbot, runner)
    assert len(log) <= 2


@pytest.mark.parametrize("error", [RuntimeError("torch"), ValueError("other")])
def test_no_error_is_dropped(qtbot, runner, log, error):
    def steps():
        yield Stage("before")
        raise error

    runner.start(Job(steps()))
    wait(qtbot, runner)
    events = [event for _, event, _ in log]
    assert events == [Stage("before"), Failed(error), "end"]


def test_closed_runner_tells_nothing_more(qtbot, runner, log):
    gate = threading.Event()
    runner.start(CountingJob(5, gate))
    runner.close()
    gate.set()
    wait(qtbot, runner)
    assert log == []


def test_python_ends_in_peace_while_a_worker_is_at_its_last_step(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, time\n"
        "from qtpy.QtWidgets import QApplication\n"
        "from napari_fcot.tracking.jobs import Job, Stage\n"
        "from napari_fcot.widgets.job_runner import JobRunner\n"
        "def slow():\n"
        "    while True:\n"
        "        time.sleep(0.3)\n"
        "        yield Stage('one more')\n"
        "app = QApplication([])\n"
        "runner = JobRunner(lambda *_: None, lambda *_: None)\n"
        "runner.start(Job(slow()))\n"
        "end = time.monotonic() + 0.5\n"
        "while time.monotonic() < end:\n"
        "    app.processEvents()\n"
        "runner.close()\n"
    )
    answer = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=300
    )
    assert (answer.returncode, answer.stderr) == (0, "")
