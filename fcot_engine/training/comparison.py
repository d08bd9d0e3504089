"""Whether new weights track better than old ones, on frames that were held out.

In what was held out, a whole video or a segment of one, a tracker starts from every
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
from fcot_engine.errors import ShapeError
from fcot_engine.geometry import box_iou, xywh_to_xyxy
from fcot_engine.tracker import Tracker
from fcot_engine.training.projects import HeldOut, LabelledTarget, LabelledVideo


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
    held_out: Sequence[HeldOut], config: CheckConfig, *, seed: int
) -> list[HeldOutRun]:
    """Choose the runs: all of them, or some drawn at random where that is too long.

    Args:
        held_out: segments, or whole videos.
        config: how long the runs are, each and together.
        seed: of the choice.
    """
    runs = [
        run
        for part in held_out
        for target in part.video.targets
        for run in _runs_of(part, target, config.longest_run)
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
) -> NDArray[np.float64]:
    """Run a tracker and compare.

    Args:
        runs: what to run.
        make_tracker: gives a fresh one, called once a run.
        config: the cap.

    Returns:
        Mean overlap of each run in [0, 1], `(n,)`.

    Raises:
        FrameError: a frame cannot be read.
    """
    found = [_measure(run, make_tracker(), config.machine_cap) for run in runs]
    return np.array(found, dtype=np.float64)


def _runs_of(
    part: HeldOut, target: LabelledTarget, longest: int
) -> Iterator[HeldOutRun]:
    span = np.arange(part.first, part.last + 1)
    labelled = span[target.trust[span] > 0]
    if not len(labelled):
        return
    starts = {int(labelled[0]), int(labelled[-1])}
    starts |= set(labelled[target.is_drawn[labelled]].tolist())
    for start in sorted(starts):
        for way in (span[span > start], span[span < start][::-1]):
            yield HeldOutRun(part.video, target, start, way[:longest])


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


_RESAMPLES = 4000


@dataclass(frozen=True)
class Gain:
    """What the held-out runs say."""

    n_runs: int
    """Runs that both were measured on."""
    n_videos: int | None
    """Videos of these runs, none of which was learned from; None where the runs lie in
    other frames of the video that was."""
    before: float
    """Mean overlap with the old weights in [0, 1]; NaN without runs."""
    after: float
    """The same with the new ones."""
    low: float
    """Lower end of the interval of the mean difference; NaN with too few runs."""
    high: float
    """Upper end."""
    confidence: float
    """Of the interval."""

    @property
    def mean(self) -> float:
        """Mean difference, new minus old."""
        return self.after - self.before

    @property
    def has_helped(self) -> bool:
        """Whether the whole interval lies above 0; False with too few runs."""
        return bool(self.low > 0)

    @property
    def text(self) -> str:
        """One sentence for people."""
        if np.isnan(self.low):
            return (
                f"Only {self._extent} could be held out, too few to tell whether the "
                "new weights help. Draw more boxes, or add projects."
            )
        figures = (
            f"mean overlap {self.before:.3f} before, {self.after:.3f} after, change "
            f"{self.mean:+.3f} ({self.confidence:.0%} interval {self.low:+.3f} to "
            f"{self.high:+.3f}, {self._extent})"
        )
        where = (
            "on other frames of this video"
            if self.n_videos is None
            else "on videos that were not learned from"
        )
        if self.has_helped:
            return f"The new weights helped {where}: {figures}."
        if self.high < 0:
            return f"The new weights are worse {where}: {figures}."
        return f"The new weights did not clearly help {where}: {figures}."

    @property
    def _extent(self) -> str:
        runs = _count(self.n_runs, "run")
        if self.n_videos is None:
            return runs
        return f"{runs} in {_count(self.n_videos, 'video')}"


def compare(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    config: CheckConfig,
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Gain:
    """Compare the same runs with old and with new weights.

    The interval is a bootstrap over videos, and over the runs in each of those drawn:
    runs of one video are alike. Where there is one video alone it is over runs, and
    narrower than it should be.

    Args:
        before: mean overlap of each run, old weights, `(n,)`.
        after: the same, new weights.
        config: how many runs are enough, and the confidence.
        groups: number of the video of each run, `(n,)`; None for one video that was
            learned from. Fewer than two videos are too few.
        seed: of the bootstrap.

    Raises:
        ShapeError: not as many runs in all.

    Example:
        >>> runs = np.linspace(0.4, 0.6, 8)
        >>> compare(runs, runs + 0.1, CheckConfig()).has_helped
        True
    """
    if before.ndim != 1 or before.shape != after.shape:
        raise ShapeError(
            "before and after must have the same shape (n,), got "
            f"{before.shape} and {after.shape}."
        )
    if groups is not None and groups.shape != before.shape:
        raise ShapeError(
            f"groups must have the shape of the runs {before.shape}, got "
            f"{groups.shape}."
        )
    n = len(before)
    n_videos = None if groups is None else len(np.unique(groups))
    low = high = np.nan
    if n >= config.min_runs and n_videos != 1:
        groups = np.arange(n) if groups is None else groups
        means = _resample(after - before, groups, np.random.default_rng(seed))
        tail = (1 - config.confidence) / 2
        low, high = (float(end) for end in np.quantile(means, (tail, 1 - tail)))
    return Gain(
        n_runs=n,
        n_videos=n_videos,
        before=float(before.mean()) if n else np.nan,
        after=float(after.mean()) if n else np.nan,
        low=low,
        high=high,
        confidence=config.confidence,
    )


def _resample(
    values: NDArray[np.float64], groups: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Means of values of groups drawn with replacement, values drawn inside each."""
    members = [values[groups == group] for group in np.unique(groups)]
    sizes = np.array([len(each) for each in members])
    table = np.zeros((len(members), sizes.max()))
    for row, each in zip(table, members, strict=True):
        row[: len(each)] = each
    picked = rng.integers(0, len(members), (_RESAMPLES, len(members)))
    size = sizes[picked][..., None]  # (resamples, groups, 1)
    within = rng.integers(0, size, (*picked.shape, sizes.max()))
    counts = np.arange(sizes.max()) < size  # a small group fills a part of its row
    drawn = np.where(counts, table[picked[..., None], within], 0.0)
    means: NDArray[np.float64] = drawn.sum(axis=(1, 2)) / counts.sum(axis=(1, 2))
    return means


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
