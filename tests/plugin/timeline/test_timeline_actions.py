"""Menus of the timeline: what is asked for by mouse and by keyboard."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QContextMenuEvent, QKeyEvent
from qtpy.QtWidgets import QApplication, QMenu

from fcot_engine.annotation import Origin, Span, SpanKind
from napari_fcot.timeline import (
    TargetLine,
    TimelineColors,
    TimelineModel,
    TimelineWidget,
)
from napari_fcot.timeline.legend import LegendTable

pytestmark = pytest.mark.usefixtures("no_widget_is_left_open")

N_FRAMES = 200
LINES = [TargetLine(1, "cup"), TargetLine(2, "R&D"), TargetLine(5, "spoon")]


@pytest.fixture
def model(rows_of):
    model = TimelineModel()
    model.reset(N_FRAMES)
    model.show_targets(LINES, 1)
    for line in LINES:
        model.load(line.track_id, rows_of(count=100))
    return model


@pytest.fixture
def widget(qtbot, model):
    widget = TimelineWidget(model, TimelineColors.of_theme("dark"))
    qtbot.addWidget(widget)
    widget.resize(922, 150)  # a frame is 4 pixels wide
    with qtbot.waitExposed(widget):
        widget.show()
    yield widget
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()


@pytest.fixture
def view(widget):
    return widget.view


@pytest.fixture
def asked(view):
    """What was asked for, in order."""
    asked = []
    for signal in (view.range_action, view.frame_action, view.pair_action):
        signal.connect(lambda *what: asked.append(what))
    return asked


def point(view, frame, row):
    places = view.places
    x = places.axis_left + view.axis.x_of(frame + 0.5)
    return QPoint(int(x), places.row_top(row) + places.row_height // 2)


def open_menu(view, at):
    """Click with the right button."""
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, at, view.canvas.mapToGlobal(at)
    )
    QApplication.sendEvent(view.canvas, event)
    return QApplication.activePopupWidget()


def press_menu_key(view):
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Keyboard, QPoint(), view.mapToGlobal(QPoint())
    )
    QApplication.sendEvent(view, event)
    return QApplication.activePopupWidget()


def entry_of(menu, text):
    (found,) = (
        entry for entry in menu.actions() if entry.text().replace("&", "") == text
    )
    return found


def texts(menu):
    return [
        entry.text().replace("&", "")
        for entry in menu.actions()
        if not entry.isSeparator()
    ]


class TestRightClick:
    def test_asks_to_end_the_target_in_the_frame_under_the_mouse(self, view, asked):
        menu = open_menu(view, point(view, 60, row=1))
        assert "R&D in frame 60" in [entry.text() for entry in menu.actions()]
        entry_of(menu, "End target here").trigger()
        assert asked == [("end_here", 2, 60)]

    def test_asks_to_split(self, view, asked):
        entry_of(open_menu(view, point(view, 60, row=0)), "Split here").trigger()
        assert asked == [("split_here", 1, 60)]

    def test_beside_the_cursor_means_the_frame_on_the_screen(self, view, model, asked):
        model.show_frame(61)
        entry_of(open_menu(view, point(view, 60, row=0)), "Split here").trigger()
        assert asked == [("split_here", 1, 61)]

    def test_on_a_name_means_the_frame_on_the_screen(self, view, model, asked):
        model.show_frame(30)
        at = QPoint(40, point(view, 0, row=2).y())
        entry_of(open_menu(view, at), "End target here").trigger()
        assert asked == [("end_here", 5, 30)]

    @pytest.mark.parametrize(
        ("text", "action"),
        [
            pytest.param("Merge with", "merge", id="merge"),
            pytest.param("Swap from here with", "swap", id="swap"),
        ],
    )
    def test_offers_every_other_target(self, view, asked, text, action):
        menu = open_menu(view, point(view, 60, row=0))
        submenu = entry_of(menu, text).menu()
        assert [entry.text() for entry in submenu.actions()] == ["R&&D", "spoon"]
        submenu.actions()[1].trigger()
        assert asked == [(action, 1, 5, 60)]

    def test_a_single_target_has_nobody_to_merge_with(self, view, model):
        model.show_targets(LINES[:1], 1)
        menu = open_menu(view, point(view, 60, row=0))
        assert not entry_of(menu, "Merge with").isEnabled()

    def test_within_selected_frames_offers_what_to_do_with_them(self, view, asked):
        view.select_range((50, 70))
        menu = open_menu(view, point(view, 60, row=1))
        entry_of(menu, "Mark occluded").trigger()
        assert asked == [("mark_occluded", 2, 50, 70)]
        assert view.selected_range == (50, 70)

    def test_beside_selected_frames_is_about_the_frame_alone(self, view):
        view.select_range((50, 70))
        assert "Mark occluded" not in texts(open_menu(view, point(view, 80, row=1)))

    def test_below_the_rows_explains_the_marks(self, view):
        menu = open_menu(view, QPoint(300, view.canvas.height() - 2))
        assert texts(menu) == ["What the marks mean"]
        entry_of(menu, "What the marks mean").trigger()
        menu.close()
        assert isinstance(QApplication.activePopupWidget(), LegendTable)

    def test_without_a_video_opens_nothing(self, view, model):
        model.reset()
        assert open_menu(view, QPoint(300, 40)) is None

    def test_chosen_frame_stays_the_same_while_the_video_goes_on(
        self, view, model, asked
    ):
        menu = open_menu(view, point(view, 60, row=0))
        model.show_frame(90)
        entry_of(menu, "End target here").trigger()
        assert asked == [("end_here", 1, 60)]


class TestSelectedFrames:
    @pytest.mark.parametrize(
        ("text", "asks"),
        [
            pytest.param("Mark occluded", ("mark_occluded", 1, 20, 29), id="occluded"),
            pytest.param(
                "Mark out of view", ("mark_out_of_view", 1, 20, 29), id="out_of_view"
            ),
            pytest.param(
                "Delete tracked boxes", ("delete_tracked", 1, 20, 29), id="delete"
            ),
            pytest.param(
                "Interpolate from 20 to 29", ("interpolate", 1, 20, 29), id="even"
            ),
            pytest.param(
                "Propagate from 20 to 29",
                ("propagate_within", 1, 20, 29),
                id="propagate",
            ),
        ],
    )
    def test_button_asks_for_the_selected_target(self, widget, view, asked, text, asks):
        view.select_range((20, 29))
        widget.range_menu.aboutToShow.emit()
        entry_of(widget.range_menu, text).trigger()
        assert asked == [asks]

    def test_button_is_there_while_frames_of_a_target_are_selected(
        self, widget, view, model
    ):
        assert not widget.range_button.isVisible()
        view.select_range((20, 29))
        assert widget.range_button.isVisible()
        model.show_targets(LINES, None)
        assert not widget.range_button.isVisible()

    def test_menu_is_made_anew_for_other_frames(self, widget, view, asked):
        for frames in ((20, 29), (30, 39)):
            view.select_range(frames)
            widget.range_menu.aboutToShow.emit()
        entry_of(widget.range_menu, "Mark occluded").trigger()
        assert asked == [("mark_occluded", 1, 30, 39)]

    def test_drag_over_a_row_asks_for_its_target(self, qtbot, view):
        wanted, ranges = [], []
        view.target_wanted.connect(wanted.append)
        view.range_selected.connect(lambda *frames: ranges.append(frames))
        start, end = point(view, 20, row=1), point(view, 50, row=1)
        qtbot.mousePress(view.canvas, Qt.MouseButton.LeftButton, pos=start)
        qtbot.mouseMove(view.canvas, end)
        qtbot.waitUntil(lambda: ranges == [(20, 50)])
        qtbot.mouseRelease(view.canvas, Qt.MouseButton.LeftButton, pos=end)
        assert wanted == [2]
        view.select_range(None)
        assert ranges == [(20, 50), (-1, -1)]

    def test_other_videos_have_none(self, view, model):
        view.select_range((20, 29))
        model.reset(N_FRAMES)
        assert view.selected_range is None

    def test_those_of_the_selected_target_stand_out(self, view, model):
        def tint(row):
            at = point(view, 150, row=row)  # no boxes there
            return view.grab().toImage().pixelColor(at).blue()

        plain = tint(1)
        view.select_range((140, 160))
        assert tint(1) > plain
        model.show_targets(LINES, 2)
        assert tint(1) > tint(2) + 10


class TestKeyboard:
    @pytest.mark.parametrize(
        ("keys", "selected"),
        [
            pytest.param([(30, "I")], (30, 30), id="in"),
            pytest.param([(30, "I"), (50, "O")], (30, 50), id="in_then_out"),
            pytest.param([(50, "O"), (30, "I")], (30, 50), id="out_then_in"),
            pytest.param([(30, "I"), (50, "O"), (70, "I")], (70, 70), id="in_behind"),
            pytest.param([(30, "I"), (50, "O"), (10, "O")], (10, 10), id="out_before"),
            pytest.param([(30, "I"), (50, "O"), (40, "O")], (30, 40), id="shorter"),
        ],
    )
    def test_in_and_out_select_frames(self, qtbot, view, model, keys, selected):
        for frame, key in keys:
            model.show_frame(frame)
            qtbot.keyClick(view, getattr(Qt.Key, f"Key_{key}"))
        assert view.selected_range == selected

    def test_menu_key_is_about_the_selected_target_and_the_frame_shown(
        self, view, model, asked
    ):
        model.show_targets(LINES, 5)
        model.show_frame(42)
        view.select_range((40, 45))
        menu = press_menu_key(view)
        entry_of(menu, "Delete tracked boxes").trigger()
        entry_of(menu, "End target here").trigger()
        assert asked == [("delete_tracked", 5, 40, 45), ("end_here", 5, 42)]

    def test_shift_f10_opens_the_same_menu(self, qtbot, view, model):
        model.show_frame(42)
        qtbot.keyClick(view, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        assert "cup in frame 42" in texts(menu)

    def test_letter_in_the_menu_chooses(self, qtbot, view, model, asked):
        model.show_frame(42)
        qtbot.keyClick(view, Qt.Key.Key_I)
        menu = press_menu_key(view)
        qtbot.keyClick(menu, Qt.Key.Key_O)
        assert asked == [("mark_occluded", 1, 42, 42)]

    @pytest.mark.parametrize(
        ("key", "modifiers", "is_kept"),
        [
            pytest.param(Qt.Key.Key_I, Qt.KeyboardModifier.NoModifier, True, id="i"),
            pytest.param(
                Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier, False, id="ctrl_i"
            ),
            pytest.param(Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier, False, id="b"),
            pytest.param(
                Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier, False, id="escape"
            ),
        ],
    )
    def test_only_keys_that_mean_something_are_kept_from_the_window(
        self, view, key, modifiers, is_kept
    ):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, modifiers)
        event.ignore()
        QApplication.sendEvent(view, event)
        assert event.isAccepted() is is_kept

    def test_control_and_a_letter_selects_nothing(self, qtbot, view):
        qtbot.keyClick(view, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
        assert view.selected_range is None


def test_marks_can_be_cleared_where_there_are_some(view, model, rows_of, asked, widget):
    line = TargetLine(1, "cup", spans=(Span(20, 25, SpanKind.OCCLUDED),))
    model.show_targets([line, *LINES[1:]], 1)
    model.put_rows(1, 20, rows_of(Origin.TRACKED, count=6))
    view.select_range((22, 23))
    widget.range_menu.aboutToShow.emit()
    entry_of(widget.range_menu, "Clear marks").trigger()
    assert asked == [("clear_marks", 1, 22, 23)]
