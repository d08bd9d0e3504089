"""Whether the work list of a session offers the frames that are really wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import AnnotationSession, RiskModel, are_human

__all__ = ["WorkListFigures", "check_work_list"]

FIRST_STOPS = 5
BAD_IOU = 0.5
ALL_STOPS = 10**6


@dataclass(frozen=True)
class WorkListFigures:
    """Of one target; frames without truth and drawn ones count for nothing.

    Shares and correlations are None where there is nothing to make them of.
    """

    n_offered: int
    """Frames of the first five of the list that count."""
    offered_bad: float | None
    """Share of them with an IoU below 0.5."""
    score_bad: float | None
    """The same of as many frames with the lowest score."""
    random_bad: float | None
    """The same of all frames: what to expect of frames chosen at random."""
    rank_list: float | None
    """Rank correlation with 1 - IoU of the list's order, of the frames it offers."""
    rank_list_by_score: float | None
    """The same of 1 - score, of the same frames."""
    rank_risk: float | None
    """Rank correlation with 1 - IoU of the risk behind the list, of all frames."""
    rank_score: float | None
    """The same of 1 - score."""


def check_work_list(
    session: AnnotationSession, target_id: int, ious: NDArray[np.float64]
) -> WorkListFigures:
    """Compare the work list with the truth.

    Args:
        session: with the default `RiskModel`, and this target alone.
        target_id: the target.
        ious: of its boxes, NaN without truth, one a frame of the video, shape (n,).
    """
    table = session.annotations[target_id].boxes
    frames = table.frames()
    rows = table.take(frames)
    risk = RiskModel().rate(frames, rows)
    counts = np.isfinite(ious[frames]) & ~are_human(rows)
    score = {int(f): float(s) for f, s in zip(frames, rows["score"], strict=True)}
    counted = set(frames[counts].tolist())
    stops = session.work_list(ALL_STOPS)
    first = [s.frame_index for s in stops[:FIRST_STOPS] if s.frame_index in counted]
    listed = [stop for stop in stops if stop.frame_index in counted]
    places = np.array([stop.frame_index for stop in listed], np.int64)
    lowest = sorted(counted, key=lambda frame: (score[frame], frame))[: len(first)]
    wrong, kept = 1 - ious, frames[counts]
    return WorkListFigures(
        n_offered=len(first),
        offered_bad=_share_bad(ious[first]),
        score_bad=_share_bad(ious[lowest]),
        random_bad=_share_bad(ious[kept]) if first else None,
        rank_list=_correlate_ranks(
            np.array([stop.expected_saving for stop in listed]), wrong[places]
        ),
        rank_list_by_score=_correlate_ranks(
            np.array([1 - score[stop.frame_index] for stop in listed]), wrong[places]
        ),
        rank_risk=_correlate_ranks(risk[counts], wrong[kept]),
        rank_score=_correlate_ranks(1 - rows["score"][counts], wrong[kept]),
    )


def _share_bad(ious: NDArray[np.float64]) -> float | None:
    return float((ious < BAD_IOU).mean()) if len(ious) else None


def _correlate_ranks(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Spearman's rank correlation; None where there is no order to compare."""
    from scipy.stats import spearmanr

    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a, b).statistic)
