"""Score maps of the frames that were tracked."""

from __future__ import annotations

import enum
from collections import OrderedDict

from fcot_engine.tracker import ScoreMap, ScoreMaps

MAX_BYTES = 256 * 2**20
"""About 12,000 frames; the oldest maps make room for new ones."""


class MapKind(enum.Enum):
    """Which of a frame's score maps; the value is the field of `ScoreMaps`."""

    FUSED = "fused"
    """Both classifiers together, Eq. 1 of the paper: what decides on the position."""
    COARSE = "coarse"
    """The classifier at stride 16, 18 x 18 cells: what kind of thing it is."""
    FINE = "fine"
    """The classifier at stride 4, 72 x 72 cells: where exactly it is."""


class ScoreMapStore:
    """Score maps by target and frame, as the tracker gave them.

    Args:
        max_bytes: above this, the oldest ones are forgotten, whosever they are. The
            newest one always stays.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._maps: OrderedDict[tuple[int, int], ScoreMaps] = OrderedDict()
        self._n_bytes = 0

    def __len__(self) -> int:
        return len(self._maps)

    def get(
        self, target_id: int, frame_index: int, kind: MapKind = MapKind.FUSED
    ) -> ScoreMap | None:
        """Return a map of a target in a frame, or None where there is none."""
        maps = self._maps.get((target_id, frame_index))
        found: ScoreMap | None = None if maps is None else getattr(maps, kind.value)
        return found

    def put(self, target_id: int, frame_index: int, maps: ScoreMaps | None) -> None:
        """Keep the maps of a frame; None takes outdated ones away."""
        self._drop((target_id, frame_index))
        if maps is None:
            return
        self._maps[target_id, frame_index] = maps
        self._n_bytes += _size_of(maps)
        while self._n_bytes > self._max_bytes and len(self._maps) > 1:
            self._drop(next(iter(self._maps)))

    def _drop(self, key: tuple[int, int]) -> None:
        maps = self._maps.pop(key, None)
        self._n_bytes -= 0 if maps is None else _size_of(maps)


def _size_of(maps: ScoreMaps) -> int:
    return sum(getattr(maps, kind.value).values.nbytes for kind in MapKind)
