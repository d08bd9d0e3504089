"""`Editor`: what a person edits, targets, boxes and spans, and undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fcot_engine.annotation import edits
from fcot_engine.annotation.boxes import Box
from fcot_engine.annotation.changes import Edit
from fcot_engine.annotation.document import Document
from fcot_engine.annotation.imported_tracks import Imported, ReadTracks, import_edit
from fcot_engine.annotation.targets import Annotations, AttributeValue, SpanKind
from fcot_engine.errors import FrameIndexError
from fcot_engine.geometry import BoxXywh, fit_drawn_box
from fcot_engine.video import FrameSource


class Editor:
    """Edits of the annotations of a video, from any thread.

    Each one is checked, carried out, written down, and one step of undo.

    Args:
        source: the video.
        document: annotations, history and storage.
        on_drawn: told of each box that a person drew or moved: whose, the box, and
            the one that was there before. Called with the lock held, as all of these.
        on_edited: told of each other edit.
        before_time_travel: called before each undo and redo.
    """

    def __init__(
        self,
        source: FrameSource,
        document: Document,
        *,
        on_drawn: Callable[[int, Box, Box | None], None] | None = None,
        on_edited: Callable[[Edit], None] | None = None,
        before_time_travel: Callable[[], None] | None = None,
    ) -> None:
        self._source = source
        self._document = document
        self._on_drawn = on_drawn
        self._on_edited = on_edited
        self._before_time_travel = before_time_travel

    @property
    def _annotations(self) -> Annotations:
        return self._document.annotations

    def add_tracks(self, tracks: ReadTracks) -> Imported:
        """Add tracks of another program as new targets; one step of undo.

        Args:
            tracks: what `fcot_engine.formats.read_tracks` has read.

        Raises:
            TrackFileError: they do not fit the video.
            ProjectError: they cannot be saved.
        """
        with self._document.lock:
            edit, added = import_edit(self._annotations, tracks, self._source)
            self._do(edit)
            return added

    # --- targets -----------------------------------------------------------------

    def add_target(
        self,
        name: str | None = None,
        *,
        class_name: str = "object",
        colour: str | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> int:
        """Make a target without boxes and return its id."""
        with self._document.lock:
            edit = edits.add_target(
                self._annotations,
                name=name,
                class_name=class_name,
                colour=colour,
                attributes=attributes,
            )
            target_id = self._annotations.next_id
            self._do(edit)
            return target_id

    def remove_target(self, target_id: int) -> None:
        """Take a target away with all of its boxes."""
        with self._document.lock:
            self._do(edits.remove_target(self._annotations, target_id))

    def describe_target(
        self,
        target_id: int,
        *,
        name: str | None = None,
        class_name: str | None = None,
        colour: str | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        """Give a target another name, class, colour or attributes."""
        with self._document.lock:
            self._do(
                edits.describe_target(
                    self._annotations,
                    target_id,
                    name=name,
                    class_name=class_name,
                    colour=colour,
                    attributes=attributes,
                )
            )

    def describe_together(
        self,
        target_ids: Sequence[int],
        *,
        class_name: str | None = None,
        colour: str | None = None,
    ) -> None:
        """Give several targets a class or a colour; one step of undo."""
        with self._document.lock:
            parts = [
                edits.describe_target(
                    self._annotations, one, class_name=class_name, colour=colour
                )
                for one in target_ids
            ]
            if parts:
                said = class_name or "described anew"
                self._do(edits.join_edits(parts, f"{self._name(target_ids)}: {said}"))

    def remove_together(self, target_ids: Sequence[int]) -> None:
        """Take several targets away with all of their boxes; one step of undo."""
        with self._document.lock:
            parts = [edits.remove_target(self._annotations, one) for one in target_ids]
            if parts:
                text = f"{self._name(target_ids)} removed"
                self._do(edits.join_edits(parts, text))

    def _name(self, target_ids: Sequence[int]) -> str:
        """Return what targets are called, or how many there are."""
        if len(target_ids) == 1:
            return self._annotations[target_ids[0]].info.name
        return f"{len(target_ids)} targets"

    def split(self, target_id: int, frame_index: int) -> int:
        """Make a new target of all boxes from a frame on and return its id."""
        with self._document.lock:
            edit = edits.split_target(self._annotations, target_id, frame_index)
            new_id = self._annotations.next_id
            self._do(edit)
            return new_id

    def merge(self, target_id: int, other_id: int) -> None:
        """Give all boxes of another target to this one; the other goes."""
        with self._document.lock:
            self._do(edits.merge_targets(self._annotations, target_id, other_id))

    def swap(self, target_id: int, other_id: int, frame_index: int) -> None:
        """Exchange the boxes of two targets from a frame on."""
        with self._document.lock:
            self._do(
                edits.swap_targets(self._annotations, target_id, other_id, frame_index)
            )

    # --- boxes -------------------------------------------------------------------

    def draw_box(
        self, target_id: int, frame_index: int, box_xywh: Sequence[float]
    ) -> Box:
        """Put a box that a person drew and return it as it was put.

        A run that is to fill the frame goes on from the new box.

        Args:
            target_id: whose box.
            frame_index: where it was drawn.
            box_xywh: image pixels; fitted to the frame, see
                `geometry.fit_drawn_box`.

        Raises:
            FrameIndexError: the video has no such frame.
            BoxError: the box cannot be used.
            EditError: there is no such target.
            ProjectError: it cannot be saved.
        """
        self._check_frame(frame_index)
        usable = self._usable(box_xywh)
        with self._document.lock:
            edit = edits.draw_box(self._annotations, target_id, frame_index, usable)
            return self._draw(edit, target_id, frame_index)

    def pick_peak(
        self,
        target_id: int,
        frame_index: int,
        box_xywh: Sequence[float],
        not_boxes: Sequence[Sequence[float]] | None = None,
    ) -> Box:
        """Move a box to another peak of the score map; return it as it was put.

        It is drawn by a person from there on. Trackers learn that the place where it
        was before is not the target, as long as there is a drawn box in that frame. See
        `find_peaks` for the peaks, and `box_around` for a box at one.

        Args:
            target_id: whose box.
            frame_index: in which frame.
            box_xywh: image pixels; fitted to the frame, see
                `geometry.fit_drawn_box`.
            not_boxes: what is not the target; the box that was there if None. What
                overlaps the new box by half is not rejected.

        Raises:
            FrameIndexError: the video has no such frame.
            BoxError: a box cannot be used.
            EditError: there is no such target.
            ProjectError: it cannot be saved.
        """
        self._check_frame(frame_index)
        usable = self._usable(box_xywh)
        wrong = None if not_boxes is None else [self._usable(box) for box in not_boxes]
        with self._document.lock:
            edit = edits.pick_peak(
                self._annotations, target_id, frame_index, usable, wrong
            )
            return self._draw(edit, target_id, frame_index)

    def delete_box(self, target_id: int, frame_index: int) -> None:
        """Take one box away; the target stays, whatever boxes are left."""
        with self._document.lock:
            self._do(edits.delete_box(self._annotations, target_id, frame_index))

    def delete_machine_boxes(self, target_id: int, first: int, last: int) -> None:
        """Take away what machines put into frames `first` to `last`."""
        with self._document.lock:
            self._do(
                edits.delete_machine_boxes(self._annotations, target_id, first, last)
            )

    def mark_span(self, target_id: int, first: int, last: int, kind: SpanKind) -> None:
        """Say that a target is out of view or occluded in frames `first` to `last`."""
        self._check_frame(last)
        with self._document.lock:
            self._do(edits.mark_span(self._annotations, target_id, first, last, kind))

    def clear_span(self, target_id: int, first: int, last: int) -> None:
        """Take such marks away from frames `first` to `last`."""
        with self._document.lock:
            self._do(edits.clear_span(self._annotations, target_id, first, last))

    def end_target(self, target_id: int, last_frame: int) -> None:
        """Say that a target is last seen in a frame: boxes behind it go."""
        self._check_frame(last_frame)
        with self._document.lock:
            self._do(edits.end_target(self._annotations, target_id, last_frame))

    def interpolate(self, target_id: int, first: int, last: int) -> None:
        """Lay boxes evenly between those of two frames."""
        with self._document.lock:
            self._do(edits.interpolate(self._annotations, target_id, first, last))

    # --- undo --------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self._document.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to repeat."""
        return self._document.can_redo

    def undo(self) -> Edit:
        """Take the last edit or run back and return it; a run that goes on ends.

        Raises:
            EditError: there is nothing to take back.
        """
        with self._document.lock:
            self._leave_present()
            return self._document.undo()

    def redo(self) -> Edit:
        """Repeat what was taken back last, and return it; a run that goes on ends.

        Raises:
            EditError: there is nothing to repeat.
        """
        with self._document.lock:
            self._leave_present()
            return self._document.redo()

    # --- helpers -----------------------------------------------------------------

    def _do(self, edit: Edit) -> None:
        if edit.changes:  # else all is as it was asked to be
            self._document.do(edit)
        if self._on_edited is not None:
            self._on_edited(edit)

    def _draw(self, edit: Edit, target_id: int, frame_index: int) -> Box:
        before = self._annotations[target_id].boxes.get(frame_index)
        if edit.changes:
            self._document.do(edit)
        drawn = self._annotations[target_id].boxes.get(frame_index)
        assert drawn is not None
        if self._on_drawn is not None:
            self._on_drawn(target_id, drawn, before)
        return drawn

    def _leave_present(self) -> None:
        if self._before_time_travel is not None:
            self._before_time_travel()

    def _usable(self, box_xywh: Sequence[float]) -> BoxXywh:
        return fit_drawn_box(
            box_xywh, width=self._source.width, height=self._source.height
        )

    def _check_frame(self, frame_index: int) -> None:
        check_frame(self._source, frame_index)


def check_frame(source: FrameSource, frame_index: int) -> None:
    """Raise `FrameIndexError` for a frame that the video does not have."""
    if not 0 <= frame_index < len(source):
        raise FrameIndexError(
            f"The video has the frames 0 to {len(source) - 1}, got {frame_index}.",
            frame_index=frame_index,
        )
