"""What a person edits in the panel; each edit is saved and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from psygnal import Signal

from fcot_engine.annotation import AttributeValue, Editor, SpanKind
from fcot_engine.errors import FcotError
from fcot_engine.geometry import BoxXywh
from napari_fcot.tracking.panel_state import PanelState

__all__ = ["PanelEditing"]

MIN_DRAWN_SIDE_PX = 2.0
"""Nobody draws a box smaller than this on purpose."""


class PanelEditing(PanelState):
    """Targets, boxes and spans.

    An edit that cannot be done is said through `failed`, and changes nothing.
    """

    box_drawn = Signal(int, int)
    """A person drew or moved a box: target id, frame."""

    # --- targets -------------------------------------------------------------

    def add_target(self) -> int | None:
        """Make and select a new target, or select one that has no box yet."""
        if self._session is None:
            return None
        empty = [target for target in self.targets if len(target.boxes) == 0]
        if empty:
            self._selected_id = empty[0].target_id
        elif not self._edit(self._make_target):
            return None
        assert self._selected_id is not None
        self._message = f"Draw a box around {self.name_of(self._selected_id)}"
        self._tell_boxes()
        return self._selected_id

    def _make_target(self, edits: Editor) -> None:
        kin = self.selected
        class_name = "object" if kin is None else kin.info.class_name
        self._selected_id = edits.add_target(class_name=class_name)

    def remove_target(self, target_id: int) -> None:
        """Take a target away with all of its boxes."""
        if not self._refuse_locked(target_id):
            self._edit(lambda edits: edits.remove_target(target_id))

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
        self._edit(
            lambda edits: edits.describe_target(
                target_id,
                name=None if name is None else name.strip(),
                class_name=None if class_name is None else class_name.strip(),
                colour=colour,
                attributes=attributes,
            )
        )

    def split_target(self, target_id: int, frame_index: int) -> None:
        """Make a new target of all boxes from a frame on."""
        if not self._refuse_locked(target_id):
            self._edit(lambda edits: edits.split(target_id, frame_index))

    def merge_targets(self, target_id: int, other_id: int) -> None:
        """Give all boxes of another target to this one; the other goes."""
        if not self._refuse_locked(target_id, other_id):
            self._edit(lambda edits: edits.merge(target_id, other_id))

    def swap_targets(self, target_id: int, other_id: int, frame_index: int) -> None:
        """Exchange the boxes of two targets from a frame on."""
        if not self._refuse_locked(target_id, other_id):
            self._edit(lambda edits: edits.swap(target_id, other_id, frame_index))

    def end_target(self, target_id: int, last_frame: int) -> None:
        """Say that a target is last seen in a frame."""
        if not self._refuse_locked(target_id):
            self._edit(lambda edits: edits.end_target(target_id, last_frame))

    # --- boxes ---------------------------------------------------------------

    def set_box(
        self, box_xywh: BoxXywh, *, target_id: int | None = None, frame_index: int
    ) -> bool:
        """Take a box that a person drew or moved; return whether it was usable.

        Without any target yet, one is made. A run that is to fill the frame goes on
        from the new box.

        Args:
            box_xywh: image pixels; cut at the frame's border.
            target_id: the target, the selected one if None.
            frame_index: the frame it was drawn on.
        """
        if self._session is None:
            return False
        if min(box_xywh[2:]) < MIN_DRAWN_SIDE_PX:
            self._message = "That box is too small: press and drag over the object"
            self._tell_boxes()
            return False
        target_id = self._selected_id if target_id is None else target_id
        if target_id is None:
            target_id = self.add_target()
        if target_id is None or self._refuse_locked(target_id):
            return False
        drawn_id = target_id
        is_done = self._edit(
            lambda edits: edits.draw_box(drawn_id, frame_index, box_xywh)
        )
        if is_done:
            self._session.scores_of(drawn_id).put(frame_index, None)
            self._selected_id = drawn_id
            self._tell_boxes()
            self.box_drawn.emit(drawn_id, frame_index)
        return is_done

    def pick_peak(self, box_xywh: BoxXywh, *, target_id: int, frame_index: int) -> bool:
        """Move a box to another peak of the score map; return whether it was usable.

        The place where it was before is kept as one that is not the target. The score
        map stays, so that another peak can still be picked.

        Args:
            box_xywh: around the peak, image pixels; cut at the frame's border.
            target_id: whose box.
            frame_index: in which frame.
        """
        if self._session is None or self._refuse_locked(target_id):
            return False
        is_done = self._edit(
            lambda edits: edits.pick_peak(target_id, frame_index, box_xywh)
        )
        if is_done:
            self.say(f"{self.name_of(target_id)} moved to another peak")
            self.box_drawn.emit(target_id, frame_index)
        return is_done

    def remove_box(self, *, target_id: int, frame_index: int) -> None:
        """Take one frame's box away; the target keeps all others."""
        if self._session is None or self._refuse_locked(target_id):
            return
        if self._edit(lambda edits: edits.delete_box(target_id, frame_index)):
            self._session.scores_of(target_id).put(frame_index, None)
            self.say(f"Box of frame {frame_index} deleted, all others are kept")

    def remove_tracked(self, target_id: int, first: int, last: int) -> None:
        """Take away what machines put into frames `first` to `last`."""
        if not self._refuse_locked(target_id):
            self._edit(lambda edits: edits.delete_machine_boxes(target_id, first, last))

    def mark_span(self, target_id: int, first: int, last: int, kind: SpanKind) -> None:
        """Say that a target is out of view or occluded in frames `first` to `last`."""
        if not self._refuse_locked(target_id):
            self._edit(lambda edits: edits.mark_span(target_id, first, last, kind))

    def clear_span(self, target_id: int, first: int, last: int) -> None:
        """Take such marks away from frames `first` to `last`."""
        if not self._refuse_locked(target_id):
            self._edit(lambda edits: edits.clear_span(target_id, first, last))

    def interpolate(self, target_id: int, first: int, last: int) -> None:
        """Lay boxes evenly between those of two frames."""
        if not self._refuse_locked(target_id):
            self._edit(lambda edits: edits.interpolate(target_id, first, last))

    def find_drawn_frame(self, step: int) -> int | None:
        """Return the next frame, or the one before, with a drawn box of the target."""
        target = self.selected
        if target is None:
            return None
        beside = target.boxes.human_after if step > 0 else target.boxes.human_before
        return beside(self._frame_index)

    # --- helpers -------------------------------------------------------------

    def _edit(self, do: Callable[[Editor], object]) -> bool:
        """Do an edit and tell what it touched; return whether it could be done."""
        if self._session is None:
            return False
        annotation = self._session.annotation
        with annotation.lock:
            before = annotation.document.last_edit
            try:
                do(annotation.edit)
            except FcotError as error:
                self._tell_boxes()  # shows the boxes as they are kept
                self._tell_error(error)
                return False
            edit = annotation.document.last_edit
        self._message = ""
        if edit is not None and edit is not before:
            self._tell_edit(edit)
        return True

    def _refuse_locked(self, *target_ids: int) -> bool:
        locked = [target_id for target_id in target_ids if self.is_locked(target_id)]
        if locked:
            names = ", ".join(self.name_of(target_id) for target_id in locked)
            self._message = f"{names} is locked: unlock it in the table to change it"
            self._tell_boxes()
        return bool(locked)
