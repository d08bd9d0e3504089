"""Score maps of one target, small enough to keep for every frame."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from dataclasses import dataclass

from fcot_engine.tracker import ScoreMap, ScoreMaps
from napari_fcot.tracking.compact_score_map import CompactScoreMap, MapKind

__all__ = ["FrameMaps", "MapBudget", "ScoreMapStore"]

MAX_BYTES = 256 * 2**20
"""About 25,000 frames of 72 x 72 cells; the oldest maps make room for new ones."""


@dataclass(frozen=True, eq=False)  # maps do not compare to one bool
class FrameMaps:
    """All score maps of one frame."""

    fused: CompactScoreMap
    coarse: CompactScoreMap
    fine: CompactScoreMap

    @classmethod
    def from_score_maps(cls, maps: ScoreMaps) -> FrameMaps:
        """Keep what a tracker saw."""
        return cls(
            fused=_compact(maps.fused),
            coarse=_compact(maps.coarse),
            fine=_compact(maps.fine),
        )

    @property
    def n_bytes(self) -> int:
        """Memory of all maps together."""
        return sum(self.of(kind).values.nbytes for kind in MapKind)

    def of(self, kind: MapKind) -> CompactScoreMap:
        """Return the map of one kind."""
        match kind:
            case MapKind.FUSED:
                return self.fused
            case MapKind.COARSE:
                return self.coarse
            case MapKind.FINE:
                return self.fine


def _compact(scores: ScoreMap) -> CompactScoreMap:
    return CompactScoreMap.from_scores(scores.values, scores.origin_xy, scores.cell_px)


class MapBudget:
    """How much memory the score maps of one or more targets may take together.

    Args:
        max_bytes: above this, the oldest maps are forgotten, whosever they are. The
            newest one always stays.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._stores: weakref.WeakValueDictionary[int, ScoreMapStore] = (
            weakref.WeakValueDictionary()
        )
        self._bytes = 0

    @property
    def n_bytes(self) -> int:
        """Memory in use."""
        return self._bytes

    def add(self, store: ScoreMapStore, frame_index: int, n_bytes: int) -> None:
        """Count a new map, and let the oldest ones go where there are too many."""
        if id(store) not in self._stores:
            self._stores[id(store)] = store
            weakref.finalize(store, self._forget_store, id(store))
        self._entries[id(store), frame_index] = n_bytes
        self._bytes += n_bytes
        while self._bytes > self._max_bytes and len(self._entries) > 1:
            owner_id, oldest = next(iter(self._entries))
            self._stores[owner_id].put(oldest, None)

    def remove(self, store: ScoreMapStore, frame_index: int) -> None:
        """Count a map no longer."""
        self._bytes -= self._entries.pop((id(store), frame_index), 0)

    def _forget_store(self, store_id: int) -> None:
        for key in [key for key in self._entries if key[0] == store_id]:
            self._bytes -= self._entries.pop(key)


class ScoreMapStore:
    """Score maps by frame number; forgets the oldest when memory runs short.

    Args:
        budget: shared with the stores of other targets; by default this store has one
            of its own.
    """

    def __init__(self, *, budget: MapBudget | None = None) -> None:
        self._maps: dict[int, FrameMaps] = {}
        self._budget = budget or MapBudget()

    def __len__(self) -> int:
        return len(self._maps)

    def get(
        self, frame_index: int, kind: MapKind = MapKind.FUSED
    ) -> CompactScoreMap | None:
        """Return a map of a frame, or None where there is none."""
        maps = self._maps.get(frame_index)
        return None if maps is None else maps.of(kind)

    def put(self, frame_index: int, maps: ScoreMaps | None) -> None:
        """Keep the maps of a frame; None takes outdated ones away."""
        if self._maps.pop(frame_index, None) is not None:
            self._budget.remove(self, frame_index)
        if maps is not None:
            compact = self._maps[frame_index] = FrameMaps.from_score_maps(maps)
            self._budget.add(self, frame_index, compact.n_bytes)
