"""All keys of the panel: what each one does, in words, and how they are bound.

They work only while our box layer is active or one of our docks has the focus, and none
of them is one of napari's own for images or shapes, for the viewer or in a menu.
Ctrl+Z and Ctrl+Shift+Z are free there: napari undoes labels alone. Ctrl+C and Ctrl+V
are napari's for shapes, which do the same there and know nothing of frames: see
`REPLACED`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from app_model.types import KeyBinding, KeyCode, KeyMod

from fcot_engine.errors import ConfigError

Handlers = Mapping[str, Callable[[], object]]
"""What to do, by action id."""


@dataclass(frozen=True)
class KeyAction:
    """Something that a key does."""

    action_id: str
    key: str
    """As Qt writes it on any system: `Ctrl` is Command on a Mac."""
    words: str
    group: str
    """Heading that it stands under in the help."""


KEYS = (
    KeyAction("draw_box", "W", "Draw a box", "Boxes"),
    KeyAction("edit_box", "Q", "Move or resize the box", "Boxes"),
    KeyAction("new_target", "N", "Follow a new target", "Boxes"),
    KeyAction("draw_many", "Shift+N", "Draw new targets one after another", "Boxes"),
    KeyAction("copy_box", "Ctrl+C", "Copy the box", "Boxes"),
    KeyAction("paste_box", "Ctrl+V", "Put the copied box into this frame", "Boxes"),
    KeyAction("copy_to_next", "Shift+C", "Copy the box to the next frame", "Boxes"),
    KeyAction("delete_box", "Shift+X", "Delete the box of this frame", "Boxes"),
    KeyAction("accept_peak", "G", "Move the box to the other peak", "Boxes"),
    KeyAction("mark_occluded", "Shift+H", "Mark as occluded", "Boxes"),
    KeyAction("mark_out_of_view", "Shift+U", "Mark as out of view", "Boxes"),
    KeyAction("end_target", "Shift+E", "End the target here", "Boxes"),
    KeyAction("track_forward", "Shift+T", "Track forward", "Track"),
    KeyAction("track_backward", "Shift+B", "Track backward", "Track"),
    KeyAction("track_both_ways", "Shift+W", "Track both ways", "Track"),
    KeyAction("stop", "Shift+S", "Stop", "Track"),
    KeyAction("next_problem", "J", "Go to the next problem", "Look"),
    KeyAction("looks_good", "K", "Looks good, go on", "Look"),
    KeyAction("largest_change", "Shift+J", "Go to the largest change", "Look"),
    KeyAction("next_drawn_box", ".", "Go to your next box", "Look"),
    KeyAction("previous_drawn_box", ",", "Go to your box before", "Look"),
    KeyAction("play_every_frame", "Shift+F", "Play every frame, or pause", "Look"),
    KeyAction("toggle_heatmap", "H", "Show or hide the heatmap", "Look"),
    KeyAction("undo", "Ctrl+Z", "Undo", "Edit"),
    KeyAction("redo", "Ctrl+Shift+Z", "Redo", "Edit"),
)
"""In the order of the help, groups together."""

REPLACED = frozenset({"copy_box", "paste_box"})
"""What napari does with the shapes of a layer by the same key, and we do with boxes."""

TIMELINE_KEYS = (
    (("Left", "Right"), "One frame on or back, with Shift ten"),
    (("Up", "Down"), "Another target"),
    (("Home", "End"), "The first and the last frame"),
    (("I", "O"), "Select frames from here, or to here"),
    (("Shift+F10",), "What can be done with the target"),
)
"""What the timeline does by itself while it has the focus; these are not bound here."""

_MODIFIERS = {"Ctrl": KeyMod.CtrlCmd, "Shift": KeyMod.Shift, "Alt": KeyMod.Alt}


def find_key(action_id: str) -> KeyAction:
    """Return the key of an action.

    Raises:
        ConfigError: there is no such action.

    Example:
        >>> find_key("track_forward").key
        'Shift+T'
    """
    for action in KEYS:
        if action.action_id == action_id:
            return action
    known = ", ".join(action.action_id for action in KEYS)
    raise ConfigError(f"There is no action {action_id!r}; the actions are: {known}.")


def keys_of(action_ids: Collection[str]) -> tuple[KeyAction, ...]:
    """Return the keys of some actions, in the order of the help.

    Example:
        >>> [action.key for action in keys_of({"redo", "draw_box"})]
        ['W', 'Ctrl+Shift+Z']
    """
    return tuple(action for action in KEYS if action.action_id in action_ids)


def napari_key(key: str) -> KeyBinding:
    """Return a key as napari binds it; like Qt, it takes Ctrl for Command on a Mac."""
    *modifiers, letter = key.split("+")
    code: int = KeyCode.from_string(letter)
    for modifier in modifiers:
        code |= _MODIFIERS[modifier]
    return KeyBinding.from_int(code)


def bind_to_layer(layer: Any, handlers: Handlers) -> Callable[[], None]:
    """Bind keys to a layer, for as long as it is the active one.

    Args:
        layer: one of napari's; anything with its `bind_key`.
        handlers: called without arguments, by action id.

    Returns:
        Takes the keys off again.

    Raises:
        ConfigError: an action is unknown; then no key is bound.
    """
    keys = [napari_key(find_key(action_id).key) for action_id in handlers]
    for key, handler in zip(keys, handlers.values(), strict=True):
        layer.bind_key(key, _without_layer(handler), overwrite=True)

    def unbind() -> None:
        for key in keys:
            layer.bind_key(key, None)

    return unbind


def _without_layer(handler: Callable[[], object]) -> Callable[[object], None]:
    def handle(layer: object) -> None:
        handler()

    return handle
