"""Ids for detections that have none: what overlaps in the next frame is the same."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fcot_engine.geometry import BoxXywh, box_iou, xywh_to_xyxy

__all__ = ["link_detections"]


def link_detections(
    detections: Sequence[tuple[int, BoxXywh]], *, iou: float
) -> list[int]:
    """Give each detection an id.

    From each frame to the next the pair that overlaps most is joined first. What has no
    partner begins a track; a track without a partner in the next frame has ended.

    Args:
        detections: frame number and box of each, in any order.
        iou: the least overlap of a pair.

    Returns:
        An id for each, from 1 in the order of the frames.

    Example:
        >>> link_detections([(0, (0, 0, 9, 9)), (1, (1, 0, 9, 9)), (1, (50, 0, 9, 9))],
        ...                 iou=0.5)
        [1, 1, 2]
    """
    ids = [0] * len(detections)
    by_frame: dict[int, list[int]] = {}
    for place, (frame, _) in enumerate(detections):
        by_frame.setdefault(frame, []).append(place)
    next_id = 1
    for frame in sorted(by_frame):
        here, before = by_frame[frame], by_frame.get(frame - 1, [])
        pairs = _pair([detections[p][1] for p in before], here, detections, iou)
        for old, new in pairs:
            ids[new] = ids[before[old]]
        for place in here:
            if not ids[place]:
                ids[place] = next_id
                next_id += 1
    return ids


def _pair(
    before: list[BoxXywh],
    here: list[int],
    detections: Sequence[tuple[int, BoxXywh]],
    least: float,
) -> list[tuple[int, int]]:
    """Return pairs of a place in `before` and one in `detections`, the best first."""
    if not before:
        return []
    old = xywh_to_xyxy(torch.tensor(before, dtype=torch.float64))
    new = xywh_to_xyxy(
        torch.tensor([detections[place][1] for place in here], dtype=torch.float64)
    )
    overlaps = box_iou(old[:, None], new[None])  # (before, here)
    order = overlaps.flatten().argsort(descending=True, stable=True).tolist()
    pairs: list[tuple[int, int]] = []
    used_old: set[int] = set()
    used_new: set[int] = set()
    for flat in order:
        i, j = divmod(flat, len(here))
        if overlaps[i, j] < least:
            break
        if i not in used_old and j not in used_new:
            pairs.append((i, here[j]))
            used_old.add(i)
            used_new.add(j)
    return pairs
