"""How clear the best place of a score map is."""

from __future__ import annotations

import torch

from fcot_engine.geometry import BoxXywh
from fcot_engine.ops import find_peak, find_second_peak
from fcot_engine.tracker import ScoreMaps

__all__ = ["second_peak_ratio"]


def second_peak_ratio(maps: ScoreMaps | None, box_xywh: BoxXywh) -> float | None:
    """Return the height of the second peak over that of the first, in [0, 1].

    The second peak is the highest cell outside of a box of the target's size around the
    first one: the place of something that looks like the target.

    Args:
        maps: of one frame; None gives None.
        box_xywh: the target in image pixels.
    """
    if maps is None:
        return None
    scores = torch.from_numpy(maps.fused.values.astype("f4"))
    first = find_peak(scores)
    if not first.value > 0:
        return 1.0
    cell_px = maps.fused.cell_px
    size_cells = box_xywh[2] / cell_px, box_xywh[3] / cell_px
    second = find_second_peak(scores, first, size_cells=size_cells)
    return min(max(second.value / first.value, 0.0), 1.0)
