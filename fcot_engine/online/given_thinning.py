"""Which samples of the human boxes are kept when there are more than may be held."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["pick_evenly", "share_out"]


def share_out(sizes: Sequence[int], capacity: int) -> list[int]:
    """Say how many samples each human box may keep.

    One each, its unchanged sample, and the rest evenly, with twice as much for the
    first box, the surest one, and for the newest, the latest look of the target. If
    there are more boxes than places, the oldest go, but never the first one.

    Args:
        sizes: samples of each human box, oldest box first.
        capacity: samples that may be kept in all, at least 2.

    Returns:
        Samples to keep of each, never more than it has.

    Example:
        >>> share_out([23, 23, 23, 23, 23], 92)
        [23, 15, 15, 16, 23]
        >>> share_out([1, 1, 1, 1], 3)
        [1, 0, 1, 1]
    """
    newest = len(sizes) - 1
    surplus = max(len(sizes) - capacity, 0)
    kept = [0 if 1 <= box <= surplus else 1 for box in range(len(sizes))]
    open_boxes = [box for box, count in enumerate(kept) if 0 < count < sizes[box]]
    for _ in range(capacity - sum(kept)):
        if not open_boxes:
            break
        favoured = (0, newest)
        box = min(open_boxes, key=lambda b: (kept[b] / (2 if b in favoured else 1), -b))
        kept[box] += 1
        if kept[box] == sizes[box]:
            open_boxes.remove(box)
    return kept


def pick_evenly(count: int, kept: int) -> list[int]:
    """Choose `kept` of `count` places, the first one and others at even distances.

    Example:
        >>> pick_evenly(6, 3)
        [0, 2, 4]
    """
    return [place * count // kept for place in range(kept)]
