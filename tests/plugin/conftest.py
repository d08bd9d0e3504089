"""A moving square, a tracker that follows it, and jobs without threads."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from fcot_engine.errors import FcotError, TrackerStateError
from fcot_engine.tracker import Maker, ScoreMap, ScoreMaps, TrackResult, Verdict
from fcot_engine.video import ArrayFrames
from napari_fcot.tracking import Job, JobEvent

N_FRAMES, HEIGHT, WIDTH, SIDE = 12, 80, 120, 16


def square_box(index: int) -> tuple[float, float, float, float]:
    """Where the square is in a frame, in image pixels."""
    return (10.0 + 4 * index, 20.0 + 2 * index, float(SIDE), float(SIDE))


def make_frames(n_frames: int = N_FRAMES) -> np.ndarray:
    """A bright square on dark ground, RGB, shape (n, HEIGHT, WIDTH, 3)."""
    frames = np.full((n_frames, HEIGHT, WIDTH, 3), 30, dtype=np.uint8)
    for index, frame in enumerate(frames):
        x, y, w, h = (int(value) for value in square_box(index))
        frame[y : y + h, x : x + w] = 230
    return frames


def open_gate() -> threading.Event:
    gate = threading.Event()
    gate.set()
    return gate


@dataclass
class FakeTracker:
    """Follows the bright square by its pixels; writes down what it was asked.

    It stands still before a frame while `gate` is shut, which is also shut by itself
    after `stop_after` frames: so a test can look at a run under way, however slow or
    fast the machine is.
    """

    calls: list[tuple] = field(default_factory=list)
    gate: threading.Event = field(default_factory=open_gate)
    stop_after: int | None = None
    is_waiting: bool = False
    delay_s: float = 0.0
    fail_after: int | None = None
    error: Exception = field(
        default_factory=lambda: FcotError("The tracker has lost its mind. Try again.")
    )
    device_name: str = "a fake (0 threads)"
    maker: Maker = field(default_factory=lambda: Maker("a fake", "tiny", "none"))
    _sizes: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def target_ids(self):
        return tuple(self._sizes)

    def init(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        self.calls.append(("init", tuple(box_xywh)))
        return self._given(target_id, box_xywh)

    def correct(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        if target_id not in self._sizes:
            raise TrackerStateError("correct came before init")
        self.calls.append(("correct", tuple(box_xywh)))
        return self._given(target_id, box_xywh)

    def remove(self, target_id):
        del self._sizes[target_id]

    def read_box(self, target_id, frame_rgb, rough_xywh):
        return tuple(rough_xywh)

    def place(self, target_id, box_xywh):
        self.calls.append(("place", tuple(box_xywh)))

    def track(self, frame_rgb, target_ids=None):
        time.sleep(self.delay_s)
        self._wait_at_gate()
        wanted = self.target_ids if target_ids is None else target_ids
        if not set(wanted) <= set(self._sizes):
            raise TrackerStateError("track came before init")
        n_tracked = sum(1 for call in self.calls if call[0] == "track")
        if self.fail_after is not None and n_tracked >= self.fail_after:
            raise self.error
        self.calls.append(("track",))
        rows, columns = np.nonzero(frame_rgb[..., 0] > 200)
        centre = columns.mean() + 0.5, rows.mean() + 0.5
        found = {}
        for target_id in wanted:
            w, h = self._sizes[target_id]
            box = (float(centre[0] - w / 2), float(centre[1] - h / 2), w, h)
            found[target_id] = TrackResult(box, 0.9, Verdict.FOUND, _score_maps(centre))
        return found

    def _wait_at_gate(self):
        n_tracked = sum(1 for call in self.calls if call[0] == "track")
        if self.stop_after is not None and n_tracked >= self.stop_after:
            self.stop_after = None
            self.gate.clear()
        self.is_waiting = not self.gate.is_set()
        assert self.gate.wait(60), "nobody opened the gate again"
        self.is_waiting = False

    def _given(self, target_id, box_xywh):
        self._sizes[target_id] = tuple(box_xywh[2:])
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)


def _score_maps(centre_xy) -> ScoreMaps:
    """One peak in the middle of an 18 x 18 map of 4 pixel cells."""
    fused = np.zeros((18, 18), np.float16)
    fused[9, 9] = 1.0
    origin = (centre_xy[0] - 9 * 4.0, centre_xy[1] - 9 * 4.0)
    return ScoreMaps(*[ScoreMap(fused, origin, 4.0)] * 3)


def run_job(controller, job: Job, *, limit: int | None = None) -> list[JobEvent]:
    """Run a job to its end, or to `limit` events, as the worker and Qt would."""
    events = []
    for event in job.run():
        events.append(event)
        controller.runs.accept(job, event)
        if len(events) == limit:
            return events
    controller.runs.finish(job)
    return events


def run_jobs(controller, do, *, limit: int | None = None) -> list[JobEvent]:
    """Do something, and run the jobs that it starts."""
    jobs = []
    controller.runs.job_started.connect(jobs.append)
    try:
        do()
    finally:
        controller.runs.job_started.disconnect(jobs.append)
    return [event for job in jobs for event in run_job(controller, job, limit=limit)]


def open_frames(controller, frames) -> None:
    """Work on an array as on a video."""
    controller.open_session(controller.opener.open_video(ArrayFrames(frames), None))


@pytest.fixture(autouse=True)
def project_folder(tmp_path, monkeypatch):
    """Projects of arrays go there, not into the home of whoever runs the tests."""
    folder = tmp_path / "projects"
    monkeypatch.setenv("NAPARI_FCOT_PROJECTS", str(folder))
    return folder


@pytest.fixture
def frames() -> np.ndarray:
    return make_frames()


@pytest.fixture
def tracker() -> FakeTracker:
    return FakeTracker()


@pytest.fixture
def helpers():
    """The functions of this file, for tests that need other numbers."""

    class Helpers:
        FakeTracker = FakeTracker
        make_frames = staticmethod(make_frames)
        open_frames = staticmethod(open_frames)
        run_job = staticmethod(run_job)
        run_jobs = staticmethod(run_jobs)
        square_box = staticmethod(square_box)

    return Helpers
