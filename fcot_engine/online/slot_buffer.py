"""Rows of one shape, side by side in one tensor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fcot_engine.errors import ShapeError

__all__ = ["SlotBuffer"]


class SlotBuffer:
    """A tensor whose first dimension grows with what is written, up to a bound.

    It grows by half: while it is copied, the old and the new one are held together, and
    twice the size would be too much for 50 samples of the paper's network in 350 MB.
    """

    def __init__(self, bound: int, dtype: torch.dtype) -> None:
        """Start empty; shape and device are those of the first rows.

        Args:
            bound: rows that are never exceeded.
            dtype: what rows are converted to.
        """
        self._bound = bound
        self._dtype = dtype
        self._rows: Tensor | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held, with those for rows still to come."""
        return 0 if self._rows is None else self._rows.nbytes

    def view(self, count: int) -> Tensor:
        """Return the first `count` rows, not copied; good until the next change."""
        assert self._rows is not None, "nothing was written yet"
        return self._rows[:count]

    def check(self, rows: Tensor) -> None:
        """Refuse rows of another shape than those before.

        Raises:
            ShapeError: with both shapes.
        """
        if self._rows is not None and self._rows.shape[1:] != rows.shape[1:]:
            raise ShapeError(
                "Samples of one memory must have one shape, got "
                f"{tuple(rows.shape[1:])} after {tuple(self._rows.shape[1:])}."
            )

    def write(self, start: int, rows: Tensor) -> None:
        """Copy some rows in from slot `start` on."""
        end = start + len(rows)
        assert end <= self._bound, f"{end} rows, at most {self._bound} may be held"
        held = self._rows
        if held is None or end > len(held):
            size = 0 if held is None else min(len(held) * 3 // 2, self._bound)
            grown = rows.new_empty((max(end, size), *rows.shape[1:]), dtype=self._dtype)
            if held is not None:
                grown[:start] = held[:start]
            self._rows = held = grown
        held[start:end] = rows.detach()

    def keep(self, slots: Sequence[int]) -> None:
        """Move some rows up to the front, in order; the others are free.

        Args:
            slots: ascending.
        """
        for target, source in enumerate(slots):
            if target != source and self._rows is not None:
                self._rows[target] = self._rows[source]
