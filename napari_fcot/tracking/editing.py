"""What a person edits in the panel; each edit is saved and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec

from psygnal import Signal

from fcot_engine.annotation import AttributeValue, Edit, Editor, is_lesson
from fcot_engine.errors import FcotError
from fcot_engine.formats import read_tracks
from fcot_engine.geometry import BoxXywh
from napari_fcot.tracking.state import PanelState

P = ParamSpec("P")
MIN_DRAWN_SIDE_PX = 2.0
"""Nobody draws a box smaller than this on purpose."""


class Editing:
    """Edits of targets, boxes and spans, with what they mean for the screen.

    An edit that cannot be done is said through `state.failed`, and changes nothing.

    Args:
        state: the video at work, and what is on the screen.
    """

    box_drawn = Signal(int, int)
    """A person drew or moved a box: target id, frame."""

    def __init__(self, state: PanelState) -> None:
        self._state = state
        self._copied: BoxXywh | None = None
        self.class_of_first = "object"
        """Of a new target without another one to take its class from."""

    def do(
        self,
        edit: Callable[Concatenate[Editor, int, P], object],
        target_id: int,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> bool:
        """Do an edit of one target, unless it is locked; return whether it was done.

        Args:
            edit: a method of `Editor`, such as `Editor.mark_span`.
            target_id: whom it is about.
            args: what else it takes.
            kwargs: likewise by name.
        """
        if self._state.refuse_locked(target_id):
            return False
        return self._try(edit, target_id, *args, **kwargs)

    # --- targets -------------------------------------------------------------

    def add_target(self) -> int | None:
        """Make and select a new target, or select one that has no box yet."""
        state = self._state
        if state.session is None:
            return None
        empty = [target for target in state.targets if len(target.boxes) == 0]
        if empty:
            state.selected_id = empty[0].target_id
        elif not self._try(self._make_target):
            return None
        assert state.selected_id is not None
        state.tell_boxes(f"Draw a box around {state.name_of(state.selected_id)}")
        return state.selected_id

    def _make_target(self, editor: Editor) -> None:
        kin = self._state.selected
        class_name = self.class_of_first if kin is None else kin.info.class_name
        self._state.selected_id = editor.add_target(class_name=class_name)

    def describe_target(
        self,
        target_id: int,
        *,
        name: str | None = None,
        class_name: str | None = None,
        colour: str | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        """Give a target another name, class, colour or attributes, be it locked."""
        self._try(
            Editor.describe_target,
            target_id,
            name=None if name is None else name.strip(),
            class_name=None if class_name is None else class_name.strip(),
            colour=colour,
            attributes=attributes,
        )

    def set_class(
        self, target_ids: Sequence[int], class_name: str, *, colour: str | None = None
    ) -> None:
        """Give targets a class, be they locked; without any, the next new one.

        Args:
            target_ids: whom; one step of undo.
            class_name: the class.
            colour: its colour, to be the targets' own from now on; None leaves theirs.
        """
        if self._state.session is None:
            return
        if not target_ids:
            self.class_of_first = class_name
            self._state.say(f"The next new target is of class {class_name}")
        elif self._try(
            Editor.describe_together, target_ids, class_name=class_name, colour=colour
        ):
            one = target_ids[0]
            n = len(target_ids)
            who = self._state.name_of(one) if n == 1 else f"{n} targets"
            self._state.say(f"{who}: class {class_name}")

    def remove_targets(self, target_ids: Sequence[int]) -> None:
        """Take targets away with all their boxes, unless one is locked."""
        if not self._state.refuse_locked(*target_ids):
            self._try(Editor.remove_together, target_ids)

    def merge_targets(self, target_id: int, other_id: int) -> None:
        """Give all boxes of another target to this one; the other goes."""
        if not self._state.refuse_locked(target_id, other_id):
            self._try(Editor.merge, target_id, other_id)

    def swap_targets(self, target_id: int, other_id: int, frame_index: int) -> None:
        """Exchange the boxes of two targets from a frame on."""
        if not self._state.refuse_locked(target_id, other_id):
            self._try(Editor.swap, target_id, other_id, frame_index)

    def import_boxes(self, path: Path, *, pixel_origin: int | None = None) -> None:
        """Take boxes from a MOT, COCO or CVAT file as new targets.

        Args:
            path: the file.
            pixel_origin: what a MOT file calls the first pixel; None as it says.
        """
        session = self._state.session
        name = None if session is None else session.source.name

        def add(editor: Editor) -> None:
            file = read_tracks(path, pixel_origin=pixel_origin, video_name=name)
            editor.add_tracks(file)

        if self._try(add):
            self._state.say(f"Imported {path.name}")

    # --- boxes ---------------------------------------------------------------

    def draw_box(
        self, box_xywh: BoxXywh, *, target_id: int | None = None, frame_index: int
    ) -> bool:
        """Take a box that a person drew or moved; return whether it was usable.

        Without any target yet, one is made. A run that is to fill the frame goes on
        from the new box.

        Args:
            box_xywh: image pixels.
            target_id: the target, the selected one if None.
            frame_index: the frame it was drawn on.
        """
        state = self._state
        if state.session is None:
            return False
        if complaint := self._complain_about(box_xywh):
            state.tell_boxes(complaint)
            return False
        target_id = state.selected_id if target_id is None else target_id
        if target_id is None:
            target_id = self.add_target()
        if target_id is None or state.refuse_locked(target_id):
            return False
        if not self._try(Editor.draw_box, target_id, frame_index, box_xywh):
            return False
        state.session.score_maps.put(target_id, frame_index, None)
        state.selected_id = target_id
        state.tell_boxes()
        self.box_drawn.emit(target_id, frame_index)
        return True

    def draw_new_target(self, box_xywh: BoxXywh, *, frame_index: int) -> bool:
        """Take a box as that of one more target; see `draw_box`."""
        if complaint := self._complain_about(box_xywh):
            self._state.tell_boxes(complaint)
            return False
        return self.draw_box(
            box_xywh, target_id=self.add_target(), frame_index=frame_index
        )

    def _complain_about(self, box_xywh: BoxXywh) -> str:
        """Say why nobody can have meant a box, before anything is made of it."""
        session, (x, y, w, h) = self._state.session, box_xywh
        if min(w, h) < MIN_DRAWN_SIDE_PX:
            return "That box is too small: press and drag over the object"
        if session is not None and not (
            -w < x < session.source.width and -h < y < session.source.height
        ):
            return "That box lies beside the picture: draw it over the object"
        return ""

    def copy_box(self) -> bool:
        """Remember the selected target's box; return whether there is one."""
        state, box = self._state, self._state.current_box
        if box is None or state.selected_id is None:
            state.say("There is no box in this frame to copy")
            return False
        self._copied = box.box_xywh
        state.say(f"Copied the box of {state.name_of(state.selected_id)}")
        return True

    def paste_box(self, frame_index: int) -> bool:
        """Give the selected target the box that was copied, in a frame."""
        if self._copied is None:
            self._state.say("Copy a box first")
            return False
        return self.draw_box(self._copied, frame_index=frame_index)

    def pick_peak(self, box_xywh: BoxXywh, *, target_id: int, frame_index: int) -> bool:
        """Move a box to another peak of the score map; return whether it was usable.

        Where it was before is kept as what is not the target. The score map stays, so
        that another peak can still be picked.

        Args:
            box_xywh: around the peak, image pixels.
            target_id: whose box.
            frame_index: in which frame.
        """
        is_done = self.do(Editor.pick_peak, target_id, frame_index, box_xywh)
        if is_done:
            name = self._state.name_of(target_id)
            self._state.say(f"{name} moved to another peak")
            self.box_drawn.emit(target_id, frame_index)
        return is_done

    def delete_box(self, target_id: int, frame_index: int) -> None:
        """Take one frame's box away; the target keeps all others."""
        session = self._state.session
        if session is not None and self.do(Editor.delete_box, target_id, frame_index):
            session.score_maps.put(target_id, frame_index, None)
            self._state.say(f"Box of frame {frame_index} deleted, all others are kept")

    # --- undo ----------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        session = self._state.session
        return session is not None and session.annotation.edit.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to repeat."""
        session = self._state.session
        return session is not None and session.annotation.edit.can_redo

    def undo(self) -> None:
        """Take the last edit or run back; see `TrackingController.undo`."""
        self._go_in_time(Editor.undo, "Taken back", is_back=True)

    def redo(self) -> None:
        """Repeat what was taken back last; see `undo`."""
        self._go_in_time(Editor.redo, "Done again", is_back=False)

    def _go_in_time(
        self, step: Callable[[Editor], Edit], words: str, *, is_back: bool
    ) -> None:
        """Take a step; a correction and what it taught are one."""
        if self._state.session is None:
            return
        annotation = self._state.session.annotation
        try:
            edit = step(annotation.edit)
            document = annotation.document
            other = document.last if is_back else document.next
            self._state.tell_edit(edit, f"{words}: {edit.text}")
            first, second = (other, edit) if is_back else (edit, other)
            if first is not None and second is not None and is_lesson(first, second):
                edit = step(annotation.edit)
                self._state.tell_edit(edit, f"{words}: {edit.text}")
        except FcotError as error:
            self._state.say(str(error))

    # --- helpers -------------------------------------------------------------

    def _try(
        self,
        edit: Callable[Concatenate[Editor, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> bool:
        """Do an edit and tell what it touched; return whether it could be done."""
        state = self._state
        if state.session is None:
            return False
        annotation = state.session.annotation
        with annotation.lock:
            before = annotation.document.last_edit
            try:
                edit(annotation.edit, *args, **kwargs)
            except FcotError as error:
                state.tell_boxes()  # shows the boxes as they are kept
                state.tell_error(error)
                return False
            done = annotation.document.last_edit
        if done is not None and done is not before:
            state.tell_edit(done)
        return True
