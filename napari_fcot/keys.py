"""All keys of the panel: what each one does, in words, and how they are bound.

They work in the whole window, whatever layer is active. None of them is one of napari's
own, but for two kinds: digits give classes while the video, the boxes or one of our
docks is active, and stay napari's tools in every other layer; Ctrl+C and Ctrl+V are
napari's for shapes, which do the same there and know nothing of frames: see `REPLACED`.
A person may change them, to any key that is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app_model.types import KeyBinding, KeyCode, KeyMod
from psygnal import Signal

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
    KeyAction("draw_many", "Shift+K", "Draw new targets one after another", "Boxes"),
    KeyAction("copy_box", "Ctrl+C", "Copy the box", "Boxes"),
    KeyAction("paste_box", "Ctrl+V", "Put the copied box into this frame", "Boxes"),
    KeyAction("copy_to_next", "Shift+C", "Copy the box to the next frame", "Boxes"),
    KeyAction("delete_box", "Shift+X", "Delete the box of this frame", "Boxes"),
    KeyAction("accept_peak", "G", "Move the box to the other peak", "Boxes"),
    KeyAction("mark_occluded", "Shift+H", "Mark as occluded", "Boxes"),
    KeyAction("mark_out_of_view", "Shift+U", "Mark as out of view", "Boxes"),
    KeyAction("end_target", "Shift+E", "End the target here", "Boxes"),
    *(
        KeyAction(f"class_{digit}", str(digit), f"Class {digit} of the list", "Classes")
        for digit in range(1, 10)
    ),
    KeyAction("track_forward", "Shift+T", "Track forward", "Track"),
    KeyAction("track_backward", "Shift+B", "Track backward", "Track"),
    KeyAction("track_both_ways", "Shift+W", "Track both ways", "Track"),
    KeyAction("stop", "Shift+S", "Stop", "Track"),
    KeyAction("next_problem", "J", "Go to the next problem", "Look"),
    KeyAction("looks_good", "K", "Looks good, go on", "Look"),
    KeyAction("largest_change", "Shift+J", "Go to the largest change", "Look"),
    KeyAction("next_drawn_box", ".", "Go to your next box", "Look"),
    KeyAction("previous_drawn_box", ",", "Go to your box before", "Look"),
    KeyAction("step_forward", "Alt+Right", "Some frames on", "Look"),
    KeyAction("step_backward", "Alt+Left", "Some frames back", "Look"),
    KeyAction("zoom_to_target", "Shift+Z", "Zoom to the target, or back", "Look"),
    KeyAction("play_every_frame", "Shift+F", "Play every frame, or pause", "Look"),
    KeyAction("toggle_heatmap", "H", "Show or hide the heatmap", "Look"),
    KeyAction("next_video", "Shift+N", "Next video of the folder", "Videos"),
    KeyAction("previous_video", "Shift+M", "Video before", "Videos"),
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


class KeyTable:
    """The key of each action, as a person has set it.

    Args:
        text: what `to_text` wrote; parts that cannot be used are left out.
        taken: keys that must not be given to an action, as Qt writes them.
    """

    changed = Signal()
    """An action has another key."""

    def __init__(self, text: str = "", *, taken: Iterable[str] = ()) -> None:
        self._taken = frozenset(taken)
        self._own: dict[str, str] = {}
        self.read(text)

    def key_of(self, action_id: str) -> str:
        """Return the key of an action.

        Raises:
            ConfigError: there is no such action.
        """
        return self._own.get(action_id, find_key(action_id).key)

    def change(self, action_id: str, key: str) -> None:
        """Give an action another key.

        Raises:
            ConfigError: the key is another action's, napari's or the timeline's, or no
                key at all; then nothing is changed.
        """
        self._check(action_id, key)
        self._own[action_id] = key
        if key == find_key(action_id).key:
            del self._own[action_id]
        self.changed.emit()

    def read(self, text: str) -> None:
        """Take over what `to_text` wrote; parts that cannot be used are left out."""
        before, self._own = self._own, {}
        for part in filter(None, map(str.strip, text.split(";"))):
            action_id, _, key = (piece.strip() for piece in part.partition("="))
            try:
                self._check(action_id, key)
            except ConfigError:
                continue
            self._own[action_id] = key
        if self._own != before:
            self.changed.emit()

    def to_text(self) -> str:
        """Return what a person has changed, to be kept.

        Example:
            >>> keys = KeyTable("draw_box=Shift+D")
            >>> keys.key_of("draw_box"), keys.to_text()
            ('Shift+D', 'draw_box=Shift+D')
        """
        return "; ".join(f"{action}={key}" for action, key in self._own.items())

    def _check(self, action_id: str, key: str) -> None:
        find_key(action_id)
        try:
            napari_key(key)
        except (KeyError, ValueError) as error:
            raise ConfigError(
                f"{key or 'Nothing'} cannot be used as a key here."
            ) from error
        for other in KEYS:
            if other.action_id != action_id and self.key_of(other.action_id) == key:
                raise ConfigError(f"{key} is taken: {other.words}.")
        if key in self._taken and key != find_key(action_id).key:
            raise ConfigError(f"{key} is one of napari's own, or the timeline's.")


def find_taken() -> set[str]:
    """Return the keys that are napari's, for layers and the viewer, or the timeline's.

    As Qt writes them.
    """
    from napari.settings import get_settings
    from napari.utils.shortcuts import default_shortcuts

    shortcuts: Mapping[str, Iterable[Any]] = get_settings().shortcuts.shortcuts
    taken = {str(key) for keys in default_shortcuts.values() for key in keys}
    taken |= {str(key) for keys in shortcuts.values() for key in keys}
    return taken | {key for both, _ in TIMELINE_KEYS for key in both}


def napari_key(key: str) -> KeyBinding:
    """Return a key as napari binds it; like Qt, it takes Ctrl for Command on a Mac.

    Raises:
        KeyError: a modifier is unknown.
        ValueError: there is no such key.
    """
    *modifiers, letter = key.split("+")
    code: int = KeyCode.from_string(letter)
    for modifier in modifiers:
        code |= _MODIFIERS[modifier]
    if not code:
        raise ValueError(f"{key!r} is no key")
    return KeyBinding.from_int(code)


def bind_keys(
    owner: Any, keys: KeyTable, handlers: Handlers, *, overwrite: bool = True
) -> Callable[[], None]:
    """Bind keys to a viewer or, for as long as it is the active one, to a layer.

    Args:
        owner: one of napari's; anything with its `bind_key` and `keymap`.
        keys: says which key is whose.
        handlers: called without arguments, by action id.
        overwrite: whether to take keys that somebody has bound to the owner.

    Returns:
        Takes the keys off again.

    Raises:
        ConfigError: an action is unknown; then no key is bound.
    """
    wanted = {
        napari_key(keys.key_of(action_id)): _without_owner(handler)
        for action_id, handler in handlers.items()
    }
    bound = {}
    for key, handle in wanted.items():
        if overwrite or key not in owner.keymap:
            owner.bind_key(key, handle, overwrite=True)
            bound[key] = handle

    def unbind() -> None:
        for key, handle in bound.items():
            if owner.keymap.get(key) is handle:  # else somebody has taken it since
                owner.bind_key(key, None)

    return unbind


def _without_owner(handler: Callable[[], object]) -> Callable[[object], None]:
    def handle(owner: object) -> None:
        handler()

    return handle
