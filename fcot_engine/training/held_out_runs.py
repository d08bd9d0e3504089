"""Running a tracker over frames that were held out, and how well it meets their boxes.

In what was held out, a whole video or a stretch of one, a tracker starts from every
drawn box, and from the boxes at both ends, and runs forward and backward without help.
What it finds is compared with the drawn boxes and with the tracked ones that stood.

Neither alone would be fair. People redraw where the old weights failed, so new ones
look better there even if they are not; tracked boxes were found by the old weights,
which will meet them best. So both count, and the IoU with a tracked box counts no more
than a cap: whoever follows the target reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config import CheckConfig
from fcot_engine.geometry import box_iou, xywh_to_xyxy
from fcot_engine.tracker import Tracker
from fcot_engine.training.labelled_video import (
    HeldOutStretch,
    LabelledTarget,
    LabelledVideo,
)

__all__ = ["HeldOutRun", "measure_runs", "plan_runs"]


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class HeldOutRun:
    """One way of a tracker through held-out frames."""

    video: LabelledVideo
    target: LabelledTarget
    start: int
    """Frame whose box is given."""
    frames: NDArray[np.int64]
    """Frames after it in the order of the run, `(n,)`."""

    @property
    def n_compared(self) -> int:
        """Frames that have a box to compare with."""
        return int((self.target.trust[self.frames] > 0).sum())


def plan_runs(
    stretches: Sequence[HeldOutStretch], config: CheckConfig, *, seed: int
) -> list[HeldOutRun]:
    """Choose the runs: all of them, or some drawn at random where that is too long.

    Args:
        stretches: what was held out.
        config: how long the runs are, each and together.
        seed: of the choice.
    """
    runs = [
        run
        for stretch in stretches
        for target in stretch.video.targets
        for run in _runs_of(stretch, target, config.longest_run)
        if run.n_compared >= config.shortest_run
    ]
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(runs), generator=generator).tolist()
    chosen: list[int] = []
    n_frames = 0
    for place in order:
        n_frames += len(runs[place].frames)
        if chosen and n_frames > config.max_frames:
            break
        chosen.append(place)
    return [runs[place] for place in sorted(chosen)]


def measure_runs(
    runs: Sequence[HeldOutRun],
    make_tracker: Callable[[], Tracker],
    config: CheckConfig,
    *,
    on_run: Callable[[], None] = lambda: None,
) -> NDArray[np.float64]:
    """Run a tracker and compare.

    Args:
        runs: what to run.
        make_tracker: gives a fresh one, called once a run.
        config: the cap.
        on_run: called after each run.

    Returns:
        Mean overlap of each run in [0, 1], `(n,)`.

    Raises:
        FrameError: a frame cannot be read.
    """
    found = []
    for run in runs:
        found.append(_measure(run, make_tracker(), config.machine_cap))
        on_run()
    return np.array(found, dtype=np.float64)


def _runs_of(
    stretch: HeldOutStretch, target: LabelledTarget, longest: int
) -> Iterator[HeldOutRun]:
    span = np.arange(stretch.first, stretch.last + 1)
    labelled = span[target.trust[span] > 0]
    if not len(labelled):
        return
    starts = {int(labelled[0]), int(labelled[-1])}
    starts |= set(labelled[target.is_drawn[labelled]].tolist())
    for start in sorted(starts):
        for way in (span[span > start], span[span < start][::-1]):
            yield HeldOutRun(stretch.video, target, start, way[:longest])


def _measure(run: HeldOutRun, tracker: Tracker, cap: float) -> float:
    target, source = run.target, run.video.source
    tracker.init(source.read(run.start), target.boxes_xywh[run.start].tolist())
    overlaps = []
    for frame in run.frames.tolist():
        result = tracker.track(source.read(frame))
        if target.trust[frame] <= 0:
            continue
        overlap = _overlap(result.box_xywh, target.boxes_xywh[frame])
        overlaps.append(overlap if target.is_drawn[frame] else min(overlap, cap))
    return float(np.mean(overlaps))


def _overlap(a_xywh: Sequence[float], b_xywh: NDArray[np.float64]) -> float:
    a = torch.tensor([float(value) for value in a_xywh], dtype=torch.float64)
    return float(box_iou(xywh_to_xyxy(a), xywh_to_xyxy(torch.from_numpy(b_xywh))))
