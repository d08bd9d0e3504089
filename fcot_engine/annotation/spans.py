"""Stretches of frames in which a target is out of view or occluded."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

__all__ = ["Span", "SpanKind", "Spans", "add_span", "find_span", "take_out_frames"]


class SpanKind(enum.Enum):
    """What a person said about a stretch of frames."""

    OUT_OF_VIEW = "out_of_view"
    """The target is not in the picture: it has no box there."""
    OCCLUDED = "occluded"
    """Something hides the target; its box says where it must be."""


@dataclass(frozen=True, order=True)
class Span:
    """Frames `first` to `last`, both included."""

    first: int
    last: int
    kind: SpanKind

    def __contains__(self, frame_index: int) -> bool:
        return self.first <= frame_index <= self.last


Spans = tuple[Span, ...]
"""Spans of one target in the order of their frames; no two of them overlap."""


def add_span(spans: Spans, new: Span) -> Spans:
    """Lay a span over others: what it covers becomes its kind.

    Example:
        >>> hidden = Span(3, 5, SpanKind.OCCLUDED)
        >>> [(s.first, s.last) for s in add_span((hidden,), replace(hidden, last=9))]
        [(3, 9)]
    """
    around = take_out_frames(spans, new.first, new.last)
    return _join(sorted((*around, new)))


def take_out_frames(spans: Spans, first: int, last: int) -> Spans:
    """Leave frames `first` to `last` unmarked."""
    kept: list[Span] = []
    for span in spans:
        if span.first < first:
            kept.append(replace(span, last=min(span.last, first - 1)))
        if span.last > last:
            kept.append(replace(span, first=max(span.first, last + 1)))
    return tuple(sorted(kept))


def find_span(spans: Spans, frame_index: int) -> Span | None:
    """Return the span that a frame lies in, or None."""
    return next((span for span in spans if frame_index in span), None)


def _join(spans: Iterable[Span]) -> Spans:
    """Make one span of neighbours of the same kind."""
    joined: list[Span] = []
    for span in spans:
        before = joined[-1] if joined else None
        if before and before.kind is span.kind and before.last + 1 == span.first:
            joined[-1] = replace(before, last=span.last)
        else:
            joined.append(span)
    return tuple(joined)
