"""Patches that grow in the course of a run: small and cheap ones first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from fcot_engine.errors import TrainingError
from fcot_engine.training.training_batch import BatchSource, TrainingBatch

__all__ = ["ProgressiveSource"]


class ProgressiveSource:
    """Takes each batch from the source whose part of the run it falls into.

    What a batch holds depends on its number and on the samples seen before it, so a
    resumed run goes on as it would have without the break, also with another batch
    size, if it is told both by `go_on_from`.

    Args:
        sources: one for each part of the run, in order.
        shares: how much of the run each part takes; they sum to 1.
        samples: sequences of the whole run.
        step_samples: sequences of a step, over all processes.

    Raises:
        TrainingError: there is not one share for each source, or their sum is not 1.
    """

    def __init__(
        self,
        sources: Sequence[BatchSource],
        shares: Sequence[float],
        *,
        samples: int,
        step_samples: int,
    ) -> None:
        if not sources or len(sources) != len(shares) or abs(sum(shares) - 1) > 1e-6:
            raise TrainingError(
                "Growing patches need one share of the run for each size, with the "
                f"sum 1; got {len(sources)} sizes and the shares {list(shares)}."
            )
        self._sources = list(sources)
        self._ends = [share * samples for share in accumulate(shares)][:-1]
        self._step_samples = step_samples
        self._first_step = 0
        self._first_samples = 0

    def go_on_from(self, *, step: int, samples: int) -> None:
        """Say how far a resumed run is."""
        self._first_step, self._first_samples = step, samples

    def find_part(self, index: int) -> int:
        """Number of the part of the run that batch `index` falls into."""
        steps = index - self._first_step
        seen = self._first_samples + steps * self._step_samples
        return sum(seen >= end for end in self._ends)

    def make_batch(self, index: int, size: int) -> TrainingBatch:
        """Batch number `index` of `size` sequences."""
        return self._sources[self.find_part(index)].make_batch(index, size)
