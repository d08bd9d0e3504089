"""Keys that nobody else has, bound to what they are for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Layer, Shapes
from napari.utils.key_bindings import KeymapHandler
from napari.utils.shortcuts import default_shortcuts
from qtpy.QtCore import QEvent
from qtpy.QtGui import QKeyEvent, QKeySequence

from fcot_engine.errors import ConfigError
from napari_fcot.keys import (
    KEYS,
    REPLACED,
    TIMELINE_KEYS,
    KeyTable,
    bind_keys,
    find_key,
    find_taken,
    napari_key,
)
from napari_fcot.timeline import TimelineColors, TimelineModel, TimelineView


@pytest.fixture
def shapes():
    return Shapes(None, ndim=2)


@pytest.fixture
def handler(shapes):
    """napari's own dispatcher, with our layer active in a viewer."""
    viewer = ViewerModel()
    viewer.add_layer(shapes)
    handler = KeymapHandler()
    handler.keymap_providers = [shapes, viewer]
    return handler


class TestTable:
    def test_no_key_and_no_action_is_there_twice(self):
        for counted in ("key", "action_id", "words"):
            seen = Counter(getattr(action, counted) for action in KEYS)
            assert [one for one, count in seen.items() if count > 1] == []

    def test_groups_are_together(self):
        groups = [action.group for action in KEYS]
        changes = [a for a, b in zip(groups, [None, *groups], strict=False) if a != b]
        assert len(changes) == len(set(groups))

    def test_every_wanted_action_has_a_key(self):
        wanted = """track_forward track_backward track_both_ways stop new_target
        draw_box edit_box next_problem looks_good delete_box mark_occluded
        mark_out_of_view end_target undo redo accept_peak play_every_frame
        next_drawn_box previous_drawn_box toggle_heatmap step_forward step_backward
        zoom_to_target next_video previous_video
        draw_many copy_box paste_box copy_to_next largest_change"""
        digits = {f"class_{digit}" for digit in range(1, 10)}
        assert {action.action_id for action in KEYS} == set(wanted.split()) | digits

    @pytest.mark.parametrize("action", KEYS, ids=lambda action: action.action_id)
    def test_qt_and_napari_read_the_same_key(self, action):
        sequence = QKeySequence(action.key)
        assert sequence.count() == 1
        portable = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        assert portable == action.key
        shown = {part.lower() for part in str(napari_key(action.key)).split("+")}
        assert shown == {part.lower() for part in action.key.split("+")}

    def test_unknown_action_is_named(self):
        with pytest.raises(ConfigError, match="no action 'fly'; the actions are: draw"):
            find_key("fly")


class TestKeyTable:
    def test_another_key_is_kept_as_text_and_read_again(self):
        keys = KeyTable()
        keys.change("draw_box", "Shift+D")
        again = KeyTable(keys.to_text())
        assert again.key_of("draw_box") == "Shift+D"
        assert again.key_of("edit_box") == "Q"

    def test_usual_key_is_no_change(self):
        keys = KeyTable("draw_box=Shift+D")
        keys.change("draw_box", "W")
        assert keys.to_text() == ""

    @pytest.mark.parametrize(
        ("key", "why"),
        [
            pytest.param("N", "N is taken: Follow a new target", id="ours"),
            pytest.param("V", "napari's own", id="napari"),
            pytest.param("", "cannot be used", id="nothing"),
        ],
    )
    def test_key_that_is_not_free_is_refused(self, key, why):
        keys = KeyTable(taken={"V"})
        with pytest.raises(ConfigError, match=why):
            keys.change("draw_box", key)
        assert keys.key_of("draw_box") == "W"

    def test_what_cannot_be_read_is_left_out(self):
        keys = KeyTable("fly=F; draw_box=N; edit_box=Shift+Q; nonsense")
        assert keys.to_text() == "edit_box=Shift+Q"

    def test_napari_and_the_timeline_are_taken(self):
        assert {"V", "Space", "Home"} <= find_taken()


class TestTimelineKeepsItsKeys:
    """It takes them before our shortcuts: one key must not mean two things there."""

    @pytest.fixture
    def knows(self, qtbot):
        controls = TimelineView(TimelineModel(), TimelineColors.of_theme("dark"))
        qtbot.addWidget(controls)

        def knows(key):
            sequence = QKeySequence(key)[0]
            kind, modifiers = QEvent.Type.KeyPress, sequence.keyboardModifiers()
            return controls.knows_key(QKeyEvent(kind, sequence.key(), modifiers))

        return knows

    @pytest.mark.parametrize("action", KEYS, ids=lambda action: action.action_id)
    def test_none_of_ours_is_one_of_its_own(self, knows, action):
        assert not knows(action.key)

    @pytest.mark.parametrize("key", ["Left", "Right", "Up", "Down", "Home", "I", "O"])
    def test_help_names_keys_that_it_has(self, knows, key):
        assert knows(key)
        assert key in {one for both, _ in TIMELINE_KEYS for one in both}


class TestNapariKeepsItsKeys:
    """Of the napari that is installed, whatever its version."""

    OURS = frozenset(
        str(napari_key(action.key))
        for action in KEYS
        if action.action_id not in REPLACED and not action.key.isdigit()
    )

    """Digits are ours on the video and the boxes alone."""

    def test_what_we_replace_is_the_same_for_shapes(self):
        ours = {str(napari_key(find_key(one).key)) for one in REPLACED}
        names = ("napari:copy_selected_shapes", "napari:paste_shape")
        assert ours == {str(key) for one in names for key in default_shortcuts[one]}

    def test_none_of_its_shortcuts(self):
        assert default_shortcuts  # else the next line says nothing
        theirs = {str(key) for keys in default_shortcuts.values() for key in keys}
        assert {"V", "Space", "Ctrl+C"} <= theirs
        assert self.OURS & theirs == set()

    @pytest.mark.parametrize("owner", [ViewerModel, Layer, Image, Shapes])
    def test_none_bound_to_a_class(self, owner):
        theirs = {
            str(key)
            for one in owner.__mro__
            for key in getattr(one, "class_keymap", {})
        }
        assert self.OURS & theirs == set()

    def test_none_bound_to_a_new_layer(self, shapes):
        image = Image(np.zeros((4, 4)))
        theirs = {str(key) for layer in (shapes, image) for key in layer.keymap}
        assert self.OURS & theirs == set()

    def test_none_of_its_menus(self, qapp):
        from napari._app_model import get_app_model
        from napari._qt._qapp_model.qactions import init_qactions

        init_qactions()
        theirs = {str(rule.keybinding) for rule in get_app_model().keybindings}
        assert {"Ctrl+O", "Ctrl+S"} <= theirs
        assert self.OURS & theirs == set()


class TestBindKeys:
    @pytest.mark.parametrize("action", KEYS, ids=lambda action: action.action_id)
    def test_key_reaches_its_handler(self, shapes, handler, action):
        pressed = []
        handlers = {
            one.action_id: lambda one=one: pressed.append(one.action_id) for one in KEYS
        }
        bind_keys(shapes, KeyTable(), handlers)
        handler.press_key(napari_key(action.key))
        assert pressed == [action.action_id]

    def test_other_layer_hears_nothing(self, shapes):
        pressed, other = [], Image(np.zeros((4, 4)))
        bind_keys(shapes, KeyTable(), {"undo": lambda: pressed.append("undo")})
        elsewhere = KeymapHandler()
        elsewhere.keymap_providers = [other]
        elsewhere.press_key(napari_key("Ctrl+Z"))
        assert pressed == []

    def test_keys_can_be_taken_off(self, shapes, handler):
        pressed = []
        unbind = bind_keys(shapes, KeyTable(), {"undo": lambda: pressed.append("undo")})
        unbind()
        handler.press_key(napari_key("Ctrl+Z"))
        assert pressed == []

    def test_binding_again_replaces(self, shapes, handler):
        pressed = []
        bind_keys(shapes, KeyTable(), {"undo": lambda: pressed.append("old")})
        bind_keys(shapes, KeyTable(), {"undo": lambda: pressed.append("new")})
        handler.press_key(napari_key("Ctrl+Z"))
        assert pressed == ["new"]

    def test_digit_of_a_layer_goes_before_that_of_the_viewer(self, shapes):
        pressed, viewer = [], ViewerModel()
        bind_keys(viewer, KeyTable(), {"class_3": lambda: pressed.append(3)})
        shapes.add_rectangles(np.array([[0, 0], [4, 4]]))
        shapes.selected_data = {0}
        elsewhere = KeymapHandler()
        elsewhere.keymap_providers = [shapes, viewer]
        bind_keys(shapes, KeyTable(), {"class_3": lambda: pressed.append("class")})
        elsewhere.press_key(napari_key("3"))
        assert pressed == ["class"]
        assert shapes.nshapes == 1  # napari's 3 deletes

    def test_key_that_somebody_bound_to_the_viewer_stays_theirs(self):
        pressed, viewer = [], ViewerModel()
        viewer.bind_key("W", lambda viewer: pressed.append("theirs"))
        unbind = bind_keys(
            viewer, KeyTable(), {"draw_box": pressed.clear}, overwrite=False
        )
        unbind()
        elsewhere = KeymapHandler()
        elsewhere.keymap_providers = [viewer]
        elsewhere.press_key(napari_key("W"))
        assert pressed == ["theirs"]

    def test_unknown_action_binds_nothing(self, shapes):
        with pytest.raises(ConfigError, match="no action 'fly'"):
            bind_keys(shapes, KeyTable(), {"undo": print, "fly": print})
        assert not shapes.keymap
