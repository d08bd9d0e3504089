"""What a person edits: targets, boxes, spans, and undo."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from fcot_engine.annotation import edits, identity_edits
from fcot_engine.annotation.annotations import Annotations
from fcot_engine.annotation.box_rows import Box
from fcot_engine.annotation.document import Document
from fcot_engine.annotation.edits import Edit
from fcot_engine.annotation.effort_report import EffortReport, report_effort
from fcot_engine.annotation.exported_tracks import to_track_store
from fcot_engine.annotation.imported_tracks import Imported, import_edit
from fcot_engine.annotation.peak_edits import pick_peak
from fcot_engine.annotation.spans import SpanKind
from fcot_engine.annotation.targets import AttributeValue
from fcot_engine.annotation.touched import touched_frames
from fcot_engine.errors import FrameIndexError
from fcot_engine.formats import read_tracks
from fcot_engine.geometry import BoxXywh, check_box_in_frame
from fcot_engine.session import TrackStore
from fcot_engine.video import FrameSource

__all__ = ["AnnotationEditor"]


class AnnotationEditor:
    """Edits of the annotations of a video, from any thread.

    Each one is checked, carried out, written down, and one step of undo.

    Args:
        source: the video.
        document: annotations, history and project; new ones in memory if None.
    """

    def __init__(self, source: FrameSource, document: Document | None = None) -> None:
        self.source = source
        self.document = document or Document()

    # --- what there is -----------------------------------------------------------

    @property
    def annotations(self) -> Annotations:
        """All targets and boxes; hold `document.lock` while a worker runs."""
        return self.document.annotations

    @property
    def n_human_boxes(self) -> int:
        """Number of boxes that a person drew."""
        with self.document.lock:
            return self.annotations.count_human_boxes()

    def boxes_at(self, frame_index: int) -> dict[int, Box]:
        """Return the boxes of a frame by target id."""
        with self.document.lock:
            return self.annotations.boxes_at(frame_index)

    def box(self, target_id: int, frame_index: int) -> Box | None:
        """Return the box of a target in a frame, or None."""
        with self.document.lock:
            return self.annotations[target_id].boxes.get(frame_index)

    def to_track_store(self) -> TrackStore:
        """Return a copy of all boxes for the exporters."""
        with self.document.lock:
            return to_track_store(self.annotations)

    def effort_report(self) -> EffortReport:
        """Count the boxes that people have drawn, from the journal.

        Raises:
            ProjectError: an edit of the journal cannot be read.
        """
        with self.document.lock:
            return report_effort(self.document.history, n_frames=len(self.source))

    def import_tracks(
        self,
        path: str | os.PathLike[str],
        format_name: str | None = None,
        *,
        pixel_origin: int | None = None,
    ) -> Imported:
        """Add the tracks of a file as new targets; one step of undo.

        Args:
            path: a MOT, COCO or CVAT file, see `fcot_engine.formats.read_tracks`.
            format_name: its format; None tells by its ending.
            pixel_origin: for MOT, where the file counts pixels from.

        Raises:
            TrackFileError: it cannot be read, or does not fit the video.
            ProjectError: it cannot be saved.
        """
        file = read_tracks(
            path,
            format_name,
            pixel_origin=pixel_origin,
            video_name=self.source.name,
        )
        with self.document.lock:
            edit, added = import_edit(self.annotations, file, self.source)
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
        with self.document.lock:
            edit = edits.add_target(
                self.annotations,
                name=name,
                class_name=class_name,
                colour=colour,
                attributes=attributes,
            )
            target_id = self.annotations.next_id
            self._do(edit)
            return target_id

    def remove_target(self, target_id: int) -> None:
        """Take a target away with all of its boxes."""
        with self.document.lock:
            self._do(edits.remove_target(self.annotations, target_id))

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
        with self.document.lock:
            self._do(
                edits.describe_target(
                    self.annotations,
                    target_id,
                    name=name,
                    class_name=class_name,
                    colour=colour,
                    attributes=attributes,
                )
            )

    def split(self, target_id: int, frame_index: int) -> int:
        """Make a new target of all boxes from a frame on and return its id."""
        with self.document.lock:
            edit = identity_edits.split_target(self.annotations, target_id, frame_index)
            new_id = self.annotations.next_id
            self._do(edit)
            return new_id

    def merge(self, target_id: int, other_id: int) -> None:
        """Give all boxes of another target to this one; the other goes."""
        with self.document.lock:
            self._do(
                identity_edits.merge_targets(self.annotations, target_id, other_id)
            )

    def swap(self, target_id: int, other_id: int, frame_index: int) -> None:
        """Exchange the boxes of two targets from a frame on."""
        with self.document.lock:
            self._do(
                identity_edits.swap_targets(
                    self.annotations, target_id, other_id, frame_index
                )
            )

    # --- boxes -------------------------------------------------------------------

    def draw_box(
        self, target_id: int, frame_index: int, box_xywh: Sequence[float]
    ) -> Box:
        """Put a box that a person drew and return it as it was put.

        Args:
            target_id: whose box.
            frame_index: where it was drawn.
            box_xywh: image pixels; cut at the frame's border.

        Raises:
            FrameIndexError: the video has no such frame.
            BoxError: the box cannot be used.
            EditError: there is no such target.
            ProjectError: it cannot be saved.
        """
        self._check_frame(frame_index)
        usable = self._usable(box_xywh)
        with self.document.lock:
            self._do(edits.draw_box(self.annotations, target_id, frame_index, usable))
            drawn = self.annotations[target_id].boxes.get(frame_index)
            assert drawn is not None
            return drawn

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
        `score_peaks.find_peaks` for the peaks, and `box_around` for a box at one.

        Args:
            target_id: whose box.
            frame_index: in which frame.
            box_xywh: image pixels; cut at the frame's border.
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
        with self.document.lock:
            edit = pick_peak(self.annotations, target_id, frame_index, usable, wrong)
            self._do(edit)
            picked = self.annotations[target_id].boxes.get(frame_index)
            assert picked is not None
            return picked

    def delete_box(self, target_id: int, frame_index: int) -> None:
        """Take one box away; the target stays, whatever boxes are left."""
        with self.document.lock:
            self._do(edits.delete_box(self.annotations, target_id, frame_index))

    def delete_machine_boxes(self, target_id: int, first: int, last: int) -> None:
        """Take away what machines put into frames `first` to `last`."""
        with self.document.lock:
            self._do(
                edits.delete_machine_boxes(self.annotations, target_id, first, last)
            )

    def mark_span(self, target_id: int, first: int, last: int, kind: SpanKind) -> None:
        """Say that a target is out of view or occluded in frames `first` to `last`."""
        self._check_frame(last)
        with self.document.lock:
            self._do(edits.mark_span(self.annotations, target_id, first, last, kind))

    def clear_span(self, target_id: int, first: int, last: int) -> None:
        """Take such marks away from frames `first` to `last`."""
        with self.document.lock:
            self._do(edits.clear_span(self.annotations, target_id, first, last))

    def end_target(self, target_id: int, last_frame: int) -> None:
        """Say that a target is last seen in a frame: boxes behind it go."""
        self._check_frame(last_frame)
        with self.document.lock:
            self._do(edits.end_target(self.annotations, target_id, last_frame))

    def interpolate(self, target_id: int, first: int, last: int) -> None:
        """Lay boxes evenly between those of two frames."""
        with self.document.lock:
            self._do(edits.interpolate(self.annotations, target_id, first, last))

    # --- undo --------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self.document.history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to repeat."""
        return self.document.history.can_redo

    def undo(self) -> Edit:
        """Take the last edit or run back and return it.

        Raises:
            EditError: there is nothing to take back.
        """
        with self.document.lock:
            return self.document.undo()

    def redo(self) -> Edit:
        """Repeat what was taken back last, and return it.

        Raises:
            EditError: there is nothing to repeat.
        """
        with self.document.lock:
            return self.document.redo()

    def changed_frames(self, edit: Edit) -> dict[int, tuple[int, int]]:
        """Say which frames an edit, its undo or its redo touches: `touched_frames`."""
        return touched_frames(edit)

    # --- helpers -----------------------------------------------------------------

    def _do(self, edit: Edit) -> None:
        if edit.changes:  # else all is as it was asked to be
            self.document.do(edit)

    def _usable(self, box_xywh: Sequence[float]) -> BoxXywh:
        return check_box_in_frame(
            box_xywh, width=self.source.width, height=self.source.height
        )

    def _check_frame(self, frame_index: int) -> None:
        if not 0 <= frame_index < len(self.source):
            raise FrameIndexError(
                f"The video has the frames 0 to {len(self.source) - 1}, got "
                f"{frame_index}.",
                frame_index=frame_index,
            )
