"""What is known about a video: its targets, their boxes, and where they hide."""

from __future__ import annotations

import bisect
import enum
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from fcot_engine.annotation.boxes import Box, BoxTable, Makers, paired_iou
from fcot_engine.errors import EditError
from fcot_engine.geometry import BoxXywh

if TYPE_CHECKING:
    from fcot_engine.annotation.changes import Change, Edit


AttributeValue = str | int | float | bool

PALETTE = (
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
    "#bfef45",
    "#911eb4",
    "#9a6324",
    "#aaffc3",
    "#e6194b",
    "#4363d8",
    "#ffd8b1",
    "#469990",
    "#f032e6",
    "#808000",
    "#dcbeff",
    "#a9a9a9",
    "#46f0f0",
)
"""Twenty colours. The first seven are Okabe and Ito's: told apart with any common kind
of colour blindness; the others are far from them and from each other."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

_SAME_THING_IOU = 0.5  # the tracker, too, takes less for a mistake
_MOST_IN_A_FRAME = 4


# --- spans -----------------------------------------------------------------------


class SpanKind(enum.Enum):
    """What a person said about a segment of frames."""

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
    return join_spans(sorted((*around, new)))


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
    number = bisect.bisect_right(spans, frame_index, key=lambda span: span.first)
    return spans[number - 1] if number and frame_index in spans[number - 1] else None


def join_spans(spans: Iterable[Span]) -> Spans:
    """Make one span of those of the same kind that meet or overlap.

    Args:
        spans: ascending; those of different kinds do not overlap.
    """
    joined: list[Span] = []
    for span in spans:
        before = joined[-1] if joined else None
        if before and before.kind is span.kind and span.first <= before.last + 1:
            joined[-1] = replace(before, last=max(before.last, span.last))
        else:
            joined.append(span)
    return tuple(joined)


# --- rejections ------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Rejection:
    """A box in one frame that a person said is not the target.

    It belongs to the box that a person drew in the same frame: the trackers learn the
    two together, so it goes where that box goes and ends with it.
    """

    frame_index: int
    """0-based."""
    box_xywh: BoxXywh
    """Around what is not the target, image pixels."""


Rejections = tuple[Rejection, ...]
"""Those of one target, ordered by frame, in each frame the oldest first."""


def is_same_thing(a_xywh: BoxXywh, b_xywh: BoxXywh) -> bool:
    """Whether two boxes overlap so much that they are around the same thing."""
    return bool(paired_iou(np.array(a_xywh), np.array(b_xywh)) >= _SAME_THING_IOU)


def add_rejections(
    rejections: Rejections, frame_index: int, not_boxes: Iterable[BoxXywh]
) -> Rejections:
    """Add boxes of a frame; the newest few of it are kept, none of them twice."""
    kept = list(rejected_at(rejections, frame_index))
    for new in not_boxes:
        kept = [old for old in kept if not is_same_thing(old, new)] + [new]
    here = [Rejection(frame_index, box) for box in kept[-_MOST_IN_A_FRAME:]]
    others = take_out_rejections(rejections, frame_index, frame_index)
    return tuple(sorted((*others, *here), key=lambda one: one.frame_index))


def take_out_rejections(rejections: Rejections, first: int, last: int) -> Rejections:
    """Leave out those of frames `first` to `last`."""
    return tuple(one for one in rejections if not first <= one.frame_index <= last)


def rejected_at(rejections: Rejections, frame_index: int) -> tuple[BoxXywh, ...]:
    """Return the boxes of one frame."""
    return tuple(one.box_xywh for one in rejections if one.frame_index == frame_index)


# --- targets ---------------------------------------------------------------------


@dataclass(frozen=True)
class TargetInfo:
    """One target, without its boxes."""

    target_id: int
    """Positive, unique within a project and never given twice."""
    name: str
    """What people call it."""
    class_name: str = "object"
    """Its kind, for exports."""
    colour: str = PALETTE[0]
    """`#rrggbb`."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Whatever else a person wants to say about it."""
    spans: Spans = ()
    """Where it is out of view or occluded."""
    end_frame: int | None = None
    """The last frame in which it exists, or None if nobody has said so."""
    rejections: Rejections = ()
    """What is not it; each in a frame whose box a person drew."""

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.class_name.strip():
            raise EditError(
                f"Target {self.target_id} needs a name and a class that are not empty, "
                f"got {self.name!r} and {self.class_name!r}."
            )
        for text in (self.name, self.class_name):
            if any("\ud800" <= letter <= "\udfff" for letter in text):
                raise EditError(
                    f"Target {self.target_id}: {text!r} is not valid text and cannot "
                    "be saved. Give it another name."
                )
        if not _COLOUR.fullmatch(self.colour):
            raise EditError(
                f"A colour must be written as #rrggbb, got {self.colour!r}; "
                f"{PALETTE[0]} is one."
            )
        for key, value in self.attributes.items():
            is_known = isinstance(value, AttributeValue)
            # NaN is not equal to itself, so no edit could ever be taken back
            if not is_known or (isinstance(value, float) and not math.isfinite(value)):
                raise EditError(
                    "An attribute must be a text, a finite number or yes/no under a "
                    f"text name, got {key!r}: {value!r}."
                )


def colour_of(target_id: int) -> str:
    """Return the colour that a target gets if nobody chooses one."""
    return PALETTE[(target_id - 1) % len(PALETTE)]


def name_of(target_id: int, class_name: str) -> str:
    """Return the name that a target gets if nobody chooses one."""
    return f"{class_name} {target_id}"


@dataclass
class AnnotatedTarget:
    """A target with its boxes."""

    info: TargetInfo
    boxes: BoxTable

    @property
    def target_id(self) -> int:
        """Positive and unique."""
        return self.info.target_id

    def span_at(self, frame_index: int) -> Span | None:
        """Return the span of a frame, or None."""
        return find_span(self.info.spans, frame_index)

    def is_occluded(self, frame_index: int) -> bool:
        """Whether something hides the target in a frame."""
        span = self.span_at(frame_index)
        return span is not None and span.kind is SpanKind.OCCLUDED

    def is_out_of_view(self, frame_index: int) -> bool:
        """Whether a person said that the target is not in the picture."""
        span = self.span_at(frame_index)
        return span is not None and span.kind is SpanKind.OUT_OF_VIEW

    def has_ended(self, frame_index: int) -> bool:
        """Whether a person said that the target is gone for good."""
        return self.info.end_frame is not None and frame_index > self.info.end_frame


class Annotations:
    """The targets of one video by id.

    In a project nothing but `apply` changes it, and only `Document` calls that: there
    is one way in, for people, trackers and undo alike. Readers of files and scripts
    fill new annotations by `add` and `put_box`.
    """

    def __init__(self) -> None:
        self.makers = Makers()
        self.next_id = 1
        """Id of the next new target."""
        self._targets: dict[int, AnnotatedTarget] = {}

    def __len__(self) -> int:
        return len(self._targets)

    def __iter__(self) -> Iterator[AnnotatedTarget]:
        """Targets in the order of their ids."""
        return (self._targets[key] for key in sorted(self._targets))

    def __contains__(self, target_id: object) -> bool:
        return target_id in self._targets

    def __getitem__(self, target_id: int) -> AnnotatedTarget:
        try:
            return self._targets[target_id]
        except KeyError:
            known = ", ".join(str(key) for key in sorted(self._targets)) or "none"
            raise EditError(
                f"There is no target {target_id}; the targets are: {known}."
            ) from None

    def find(self, target_id: int) -> AnnotatedTarget | None:
        """Return a target, or None if there is none of that id."""
        return self._targets.get(target_id)

    def boxes_at(self, frame_index: int) -> dict[int, Box]:
        """Return the boxes of a frame by target id."""
        found = ((target.target_id, target.boxes.get(frame_index)) for target in self)
        return {target_id: box for target_id, box in found if box is not None}

    def count_human_boxes(self) -> int:
        """Number of boxes that a person drew, of all targets."""
        return sum(len(target.boxes.human_frames()) for target in self)

    def add(self, info: TargetInfo) -> AnnotatedTarget:
        """Add a target without boxes, outside of edits and undo.

        Raises:
            EditError: its id is not positive, or taken.
        """
        if info.target_id < 1 or info.target_id in self._targets:
            raise EditError(
                f"A target needs a positive id that no other has, got {info.target_id}."
            )
        target = AnnotatedTarget(info, BoxTable(self.makers))
        self._targets[info.target_id] = target
        self.next_id = max(self.next_id, info.target_id + 1)
        return target

    def copy(self) -> Annotations:
        """Return independent annotations with the same content.

        Workers get a copy that is taken while the session's lock is held.
        """
        copied = Annotations()
        copied.makers, copied.next_id = self.makers.copy(), self.next_id
        for target in self:
            boxes = target.boxes.copy(copied.makers)
            copied._targets[target.target_id] = AnnotatedTarget(target.info, boxes)
        return copied

    def only(self, target_ids: Iterable[int]) -> Annotations:
        """Return annotations that have some of the targets, and share their boxes."""
        some = Annotations()
        some.makers, some.next_id = self.makers, self.next_id
        some._targets = {one: self[one] for one in target_ids}
        return some

    def apply(self, edit: Edit) -> None:
        """Change the annotations; either all of the edit is done or nothing.

        Raises:
            EditError: the edit does not fit what is there, or a machine's edit would
                change a box that a person drew.
        """
        edit.check_spares_people()
        done: list[Change] = []
        try:
            for change in edit.changes:
                change.apply(self)
                done.append(change)
        except EditError:
            for change in reversed(done):
                change.inverse().apply(self)
            raise

    def set_info(
        self, target_id: int, before: TargetInfo | None, after: TargetInfo | None
    ) -> None:
        """Add, describe or remove a target; for `SetTarget` alone.

        Raises:
            EditError: the target is described otherwise than `before` says, or goes
                while it still has boxes.
        """
        target = self._targets.get(target_id)
        if (target.info if target else None) != before:
            raise EditError(
                f"Target {target_id} was changed in the meantime. Try again."
            )
        if after is None:
            if target is not None and len(target.boxes):
                raise EditError(
                    f"Target {target_id} still has boxes; remove them first."
                )
            del self._targets[target_id]
        elif target is None:
            self._targets[target_id] = AnnotatedTarget(after, BoxTable(self.makers))
        else:
            target.info = after
