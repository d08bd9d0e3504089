"""How much each sample of the memory counts while the filters are optimised.

The rule of the released code (`update_sample_weights` there): a tracked sample takes
the next free slot, else that of the lightest tracked one. The first one makes all
weights w / (1 - rate) and gets `rate`, a later one gets the weight of the slot written
before over (1 - rate); then all are divided by their sum. So each weighs 1 / (1 - rate)
of the one before it, and in a full memory the oldest goes.

Where we differ:

* Given samples, which come from human boxes, are never replaced. The released code
  protects them only where a least share is set; with its VOT settings the 463rd update
  writes over the first of them.
* Given samples below their least share g are lifted to g, the tracked ones lowered to
  1 - g. The released code divides by g plus the sum of the tracked ones, and its
  weights then sum to more than 1.
* There may be several human boxes. Together the samples of each weigh the same.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["SampleWeights"]

_NOTHING = 1e-6  # a share this small is as good as lost


class SampleWeights:
    """Weights by slot, which sum to 1 after every change; knows no feature maps."""

    def __init__(self, capacity: int, *, given_share: float) -> None:
        """Start without samples.

        Args:
            capacity: tracked samples kept; given ones come on top.
            given_share: least share of the given samples together, 0 to 1.
        """
        self._capacity = capacity
        self._given_share = given_share
        self._values: list[float] = []
        self._boxes: list[int | None] = []  # number of the human box, None if tracked
        self._n_boxes_ever = 0
        self._last_written: int | None = None  # slot of the newest tracked sample

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> list[float]:
        """Weights by slot."""
        return list(self._values)

    def given_slots(self) -> list[list[int]]:
        """Slots of each human box, oldest box first."""
        groups: dict[int, list[int]] = {}
        for slot, box in enumerate(self._boxes):
            if box is not None:
                groups.setdefault(box, []).append(slot)
        return [groups[box] for box in sorted(groups)]

    def given_weight(self) -> float:
        """Share of the given samples together."""
        return sum(self._values[slot] for group in self.given_slots() for slot in group)

    def add_given(self, count: int) -> None:
        """Take in a human box, whose `count` samples get the next slots.

        It weighs as much as each human box before it, at the cost of all samples; the
        first one as much as all tracked samples.
        """
        n_boxes, given = len(self.given_slots()), self.given_weight()
        share = given / n_boxes if given > _NOTHING else 1.0
        self._values += [share / count] * count
        self._boxes += [self._n_boxes_ever] * count
        self._n_boxes_ever += 1
        self._normalise()

    def add_tracked(self, rate: float) -> int:
        """Take in a tracked sample and return its slot.

        Args:
            rate: learning rate, 0 to below 1.
        """
        slot, last = self._choose_slot(), self._last_written
        if slot == len(self._values):
            self._values.append(0.0)
            self._boxes.append(None)
        if last is not None:
            self._values[slot] = self._values[last] / (1 - rate)
        elif len(self._values) == 1:
            self._values[slot] = 1.0
        else:
            self._values = [value / (1 - rate) for value in self._values]
            self._values[slot] = rate
        self._last_written = slot
        self._normalise()
        return slot

    def keep(self, slots: Sequence[int]) -> None:
        """Drop all other slots; those kept move up in order.

        Args:
            slots: ascending.
        """
        last = self._last_written
        self._values = [self._values[slot] for slot in slots]
        self._boxes = [self._boxes[slot] for slot in slots]
        self._last_written = slots.index(last) if last in slots else None
        self._normalise()

    def _choose_slot(self) -> int:
        tracked = [slot for slot, box in enumerate(self._boxes) if box is None]
        if len(tracked) < self._capacity:
            return len(self._values)
        return min(tracked, key=self._values.__getitem__)

    def _normalise(self) -> None:
        """Sum to 1, the given ones at least their share, each human box the same."""
        groups, given = self.given_slots(), self.given_weight()
        tracked = sum(
            value
            for value, box in zip(self._values, self._boxes, strict=True)
            if box is None
        )
        if groups:
            share = max(given / (given + tracked), self._given_share) if tracked else 1
        else:
            share = 0
        for slot in range(len(self._values)):
            self._values[slot] *= (1 - share) / tracked if tracked else 0
        for group in groups:
            for slot in group:
                self._values[slot] = share / len(groups) / len(group)
