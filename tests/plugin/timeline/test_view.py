"""The timeline under the mouse and the keyboard, without napari."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QContextMenuEvent, QKeyEvent, QWheelEvent
from qtpy.QtWidgets import QApplication, QLabel, QMenu

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from napari_fcot.timeline import (
    StopMark,
    TargetLine,
    TimelineColors,
    TimelineModel,
    TimelineWidget,
)
from napari_fcot.timeline.legend import Explained, LegendTable, picture_of

pytestmark = pytest.mark.usefixtures("no_widget_is_left_open")

N_FRAMES = 200


LINES = [
    TargetLine(1, "cup", "#e69f00"),
    TargetLine(2, "R&D", "#56b4e9"),
    TargetLine(5, "spoon"),
]


@pytest.fixture
def model(rows_of):
    model = TimelineModel()
    model.reset(N_FRAMES)
    model.show_targets(LINES, 1)
    for line in LINES:
        model.load(line.target_id, rows_of(count=100))
    return model


@pytest.fixture
def widget(qtbot, model):
    widget = TimelineWidget(model, TimelineColors.of_theme("dark"))
    qtbot.addWidget(widget)
    widget.resize(922, 180)  # a frame is 4 pixels wide
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
    """What was asked for in menus, in order."""
    asked = []
    for signal in (view.range_action, view.frame_action, view.pair_action):
        signal.connect(lambda *what: asked.append(what))
    return asked


@pytest.fixture
def wanted(view):
    """What was asked for: frames as numbers, targets as `target N`."""
    wanted = []
    view.frame_wanted.connect(wanted.append)
    view.target_wanted.connect(lambda target_id: wanted.append(f"target {target_id}"))
    return wanted


def point(view, frame, row=None):
    """The middle of a frame, in a row or in the ruler."""
    return view.plot.point_of(frame, row)


def click(qtbot, view, at):
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=at)


def drag(qtbot, view, start, end):
    middle = QPoint((start.x() + end.x()) // 2, (start.y() + end.y()) // 2)
    qtbot.mousePress(view.canvas, Qt.MouseButton.LeftButton, pos=start)
    for at in (middle, end):
        qtbot.mouseMove(view.canvas, at)
        qtbot.wait(20)  # Qt merges moves that come close together
    qtbot.mouseRelease(view.canvas, Qt.MouseButton.LeftButton, pos=end)


def turn_wheel(view, at, notches, modifiers=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(at),
        QPointF(view.canvas.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.canvas, event)


class TestClick:
    def test_on_a_row_goes_to_the_frame_and_selects_the_target(
        self, qtbot, view, wanted
    ):
        click(qtbot, view, point(view, 60, row=1))
        assert wanted == ["target 2", 60]

    def test_below_the_rows_goes_to_the_frame(self, qtbot, view, wanted):
        at = QPoint(point(view, 60).x(), view.canvas.height() - 1)
        click(qtbot, view, at)
        assert wanted == [60]

    def test_on_a_name_selects_the_target_only(self, qtbot, view, wanted):
        click(qtbot, view, QPoint(40, point(view, 0, row=1).y()))
        assert wanted == ["target 2"]

    def test_without_a_video_asks_for_nothing(self, qtbot, view, wanted, model):
        model.reset()
        click(qtbot, view, QPoint(300, 30))
        assert wanted == []


class TestDrag:
    def test_over_rows_selects_a_range_and_goes_nowhere(self, qtbot, view, wanted):
        drag(qtbot, view, point(view, 20, row=0), point(view, 50, row=0))
        assert view.selected_range == (20, 50)
        assert wanted == []

    def test_backwards_selects_the_same(self, qtbot, view):
        drag(qtbot, view, point(view, 50, row=0), point(view, 20, row=1))
        assert view.selected_range == (20, 50)

    def test_beyond_the_border_ends_at_the_last_frame(self, qtbot, view):
        out = point(view, 20, row=0) + QPoint(3000, 0)
        drag(qtbot, view, point(view, 150, row=0), out)
        assert view.selected_range == (150, N_FRAMES - 1)

    def test_along_the_ruler_shows_frame_after_frame(self, qtbot, view, wanted):
        drag(qtbot, view, point(view, 20), point(view, 50))
        assert wanted == [20, 35, 50]
        assert view.selected_range is None

    def test_selection_is_said_and_taken_back_by_escape(self, qtbot, widget, view):
        drag(qtbot, view, point(view, 20, row=0), point(view, 50, row=0))
        qtbot.mouseMove(widget, QPoint(5, 5))
        view.hovered.emit("")
        assert widget.words.text() == "Frames 20 to 50 of cup selected (31)"
        qtbot.keyClick(view, Qt.Key.Key_Escape)
        assert view.selected_range is None
        assert not widget.zoom_in.isVisible()

    def test_click_takes_the_selection_back(self, qtbot, view):
        view.select_range((20, 50))
        click(qtbot, view, point(view, 60, row=0))
        assert view.selected_range is None


class TestZoom:
    def test_wheel_keeps_the_frame_under_the_mouse(self, view):
        at = point(view, 80, row=0)
        turn_wheel(view, at, 3)
        assert view.plot.frames_per_px < N_FRAMES / 1000
        assert abs(point(view, 80, row=0).x() - at.x()) <= 1 / view.plot.frames_per_px

    def test_wheel_ends_at_ten_frames_and_at_the_whole_video(self, view):
        turn_wheel(view, point(view, 80, row=0), 50)
        first, last = view.plot.frames_in_view
        assert last - first <= 10
        turn_wheel(view, point(view, 80, row=0), -50)
        assert view.plot.shows_all

    def test_shift_and_wheel_move_along_time(self, view):
        turn_wheel(view, point(view, 80), 5)
        begin, end = view.plot.view_range
        turn_wheel(view, point(view, 80), -1, Qt.KeyboardModifier.ShiftModifier)
        moved = view.plot.view_range
        assert moved[0] > begin
        assert moved[1] - moved[0] == pytest.approx(end - begin)

    def test_double_click_shows_everything_and_selects_nothing(self, qtbot, view):
        view.select_range((20, 50))
        turn_wheel(view, point(view, 80, row=0), 5)
        qtbot.mouseDClick(
            view.canvas, Qt.MouseButton.LeftButton, pos=point(view, 80, row=0)
        )
        assert view.plot.shows_all
        assert view.selected_range is None

    def test_buttons_come_when_they_are_of_use(self, qtbot, widget, view):
        assert not widget.zoom_in.isVisible()
        assert not widget.show_all.isVisible()
        view.select_range((20, 59))
        qtbot.mouseClick(widget.zoom_in, Qt.MouseButton.LeftButton)
        assert view.plot.frames_in_view == (20, 59)
        assert not widget.zoom_in.isVisible()
        qtbot.mouseClick(widget.show_all, Qt.MouseButton.LeftButton)
        assert view.plot.shows_all

    @pytest.mark.parametrize("frame", [0, 100, N_FRAMES - 1])
    def test_one_frame_is_shown_with_its_neighbours(self, view, frame):
        view.plot.show_range((frame, frame))
        first, last = view.plot.frames_in_view
        assert first <= frame <= last
        assert 9 <= last - first <= 10

    def test_scroll_bar_moves_along_time(self, widget, view):
        assert not widget.time_bar.isVisible()
        view.plot.show_range((0, 49))
        assert widget.time_bar.isVisible()
        widget.time_bar.setValue(100)
        assert view.plot.frames_in_view == (100, 149)

    @pytest.mark.parametrize("frame", [90, 199])
    def test_page_turns_with_the_frame_on_the_screen(self, view, model, frame):
        view.plot.show_range((0, 49))
        model.show_frame(frame)
        first, last = view.plot.frames_in_view
        assert first <= frame <= last
        assert 49 <= last - first <= 50

    def test_page_stays_while_the_mouse_button_is_down(self, qtbot, view, model):
        view.plot.show_range((0, 49))
        qtbot.mousePress(view.canvas, Qt.MouseButton.LeftButton, pos=point(view, 20))
        model.show_frame(90)
        assert view.plot.frames_in_view == (0, 49)

    def test_another_video_is_shown_as_a_whole(self, view, model):
        view.plot.show_range((0, 49))
        model.reset(1000)
        assert view.plot.shows_all
        assert view.plot.frames_in_view == (0, 999)


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "shift", "frame"),
        [
            pytest.param(Qt.Key.Key_Right, False, 101, id="right"),
            pytest.param(Qt.Key.Key_Left, False, 99, id="left"),
            pytest.param(Qt.Key.Key_Right, True, 110, id="far_right"),
            pytest.param(Qt.Key.Key_Left, True, 90, id="far_left"),
            pytest.param(Qt.Key.Key_Home, False, 0, id="home"),
            pytest.param(Qt.Key.Key_End, False, N_FRAMES - 1, id="end"),
        ],
    )
    def test_step_along_time(self, qtbot, view, model, wanted, key, shift, frame):
        model.show_frame(100)
        modifier = Qt.KeyboardModifier.ShiftModifier if shift else None
        qtbot.keyClick(view, key, modifier or Qt.KeyboardModifier.NoModifier)
        assert wanted == [frame]

    def test_end_at_the_ends(self, qtbot, view, wanted):
        qtbot.keyClick(view, Qt.Key.Key_Left)
        assert wanted == [0]

    def test_step_between_targets(self, qtbot, view, wanted):
        qtbot.keyClick(view, Qt.Key.Key_Up)
        qtbot.keyClick(view, Qt.Key.Key_Down)
        assert wanted == ["target 2"]


class TestPicture:
    def colour_at(self, view, frame, row):
        """Colour near the foot of a row."""
        view.plot.draw_changed()
        at = point(view, frame, row) + QPoint(0, view.plot.row_height // 2 - 2)
        return view.grab().toImage().pixelColor(at)

    def test_a_new_box_appears(self, view, model, rows_of):
        before = self.colour_at(view, 120, 1)
        model.put_rows(2, 120, rows_of())
        own = QColor(*TimelineColors.of_theme("dark").of_target("#56b4e9"))
        assert self.colour_at(view, 120, 1) == own != before

    def test_a_new_box_is_drawn_by_itself(self, qtbot, view, model, rows_of):
        view.plot.draw_changed()
        drawn = []
        view.plot.rows_drawn.connect(lambda: drawn.append(True))
        for frame in range(100, 120):
            model.put_rows(2, frame, rows_of())
        qtbot.waitUntil(lambda: bool(drawn))

    def test_moving_the_cursor_draws_no_row(self, view, model, monkeypatch):
        view.plot.draw_changed()
        monkeypatch.setattr(
            "napari_fcot.timeline.plot.draw_row",
            lambda *_: pytest.fail("a row was drawn"),
        )
        model.show_frame(60)
        cursor = QColor(*TimelineColors.of_theme("dark").cursor)
        assert self.colour_at(view, 60, 0) == cursor

    @pytest.mark.parametrize("width", [922, 187])
    @pytest.mark.parametrize("frame", [0, 119, N_FRAMES - 1])
    @pytest.mark.parametrize("change", ["tracked", "human", "gone", "many"])
    def test_mended_picture_is_the_same_as_a_new_one(
        self, qtbot, widget, view, model, width, frame, change, rows_of
    ):
        view.setFixedWidth(width)
        model.put_rows(2, frame, rows_of(Origin.HUMAN))
        spans = (Span(38, 45, SpanKind.OCCLUDED), Span(110, 118, SpanKind.OUT_OF_VIEW))
        line = TargetLine(1, "cup", spans=spans, end_frame=150)
        model.show_targets([line, LINES[1]], 1)
        view.plot.draw_changed()
        rows = {
            "tracked": rows_of(score=0.125),
            "human": rows_of(Origin.HUMAN),
            "gone": empty_rows(1),
            "many": rows_of(Origin.INTERPOLATED, count=30),
        }[change]
        model.put_rows(1, frame, rows)
        model.put_rows(2, frame, empty_rows(1))
        view.plot.draw_changed()
        mended = view.grab().toImage()
        view.plot.show_colors(TimelineColors.of_theme("light"))
        view.plot.show_colors(TimelineColors.of_theme("dark"))
        view.plot.draw_changed()
        assert mended == view.grab().toImage()

    def test_a_target_that_goes_takes_its_row_along(self, view, model):
        ground = QColor(*TimelineColors.of_theme("dark").background)
        at = point(view, 50, row=1)
        assert self.colour_at(view, 50, 1) != ground
        model.show_targets(LINES[:1], 1)
        view.plot.draw_changed()
        assert view.grab().toImage().pixelColor(at) == ground

    def test_cuts_and_stops_are_seen(self, view, model):
        def changes(mark):
            before = view.grab().toImage()
            mark()
            return view.grab().toImage() != before

        assert changes(lambda: model.mark_cuts([150]))
        assert changes(lambda: model.mark_stops([StopMark(120, 2)]))

    def test_theme_changes_the_ground(self, widget, view):
        light = TimelineColors.of_theme("light")
        widget.show_colors(light)
        assert self.colour_at(view, 150, 1) == QColor(*light.row)
        assert view.grab().toImage().pixelColor(3, 3) == QColor(*light.background)


class TestManyTargets:
    @pytest.fixture
    def many(self, model):
        lines = [TargetLine(number, f"target {number}") for number in range(1, 21)]
        model.show_targets(lines, 1)
        return lines

    def test_rows_scroll(self, widget, view, many):
        widget.rows_bar.setValue(widget.rows_bar.maximum())
        assert view.plot.scrolled_px == view.plot.hidden_px > 0

    def test_selected_target_comes_into_sight(self, view, model, many):
        model.show_targets(many, 20)
        assert point(view, 0, row=19).y() < view.canvas.height()
        model.show_targets(many, 1)
        assert view.plot.scrolled_px == 0

    def test_click_hits_the_row_that_is_seen(self, qtbot, view, model, many, wanted):
        model.show_targets(many, 20)
        click(qtbot, view, point(view, 60, row=18))
        assert wanted == ["target 19", 60]


class TestWords:
    def test_without_a_video_it_says_what_to_do(self, widget, model):
        model.reset()
        assert "Open a video" in widget.words.text()

    def test_without_boxes_it_says_what_to_do(self, widget, model):
        model.load(1, empty_rows(0))
        model.load(2, empty_rows(0))
        model.reset(10)
        assert "draw a box" in widget.words.text()

    def test_with_boxes_it_says_what_the_mouse_does(self, widget):
        assert "Click to go to a frame" in widget.words.text()

    def test_frame_under_the_mouse_is_described(self, qtbot, widget, view):
        qtbot.mouseMove(view.canvas, point(view, 60, row=1))
        qtbot.waitUntil(lambda: "Frame 60" in widget.words.text())
        assert widget.words.text().endswith("R&D: tracked, score 0.50")

    def test_name_under_the_mouse_says_whether_its_boxes_are_hidden(
        self, qtbot, widget, view, model
    ):
        model.show_targets([TargetLine(1, "cup", is_hidden=True), LINES[1]], 1)
        qtbot.mouseMove(view.canvas, QPoint(40, point(view, 0, row=0).y()))
        qtbot.waitUntil(lambda: widget.words.text().startswith("Select cup (its"))
        qtbot.mouseMove(view.canvas, QPoint(40, point(view, 0, row=1).y()))
        qtbot.waitUntil(lambda: widget.words.text() == "Select R&D")


class TestLegend:
    def test_explains_rare_marks_only_where_they_are(self, widget, model, rows_of):
        common = ["drawn by you", "score", "lost", "gap"]
        assert widget.legend.words == common
        model.mark_cuts([3])
        model.mark_stops([StopMark(5, 1)])
        assert widget.legend.words == [*common, "shot cut", "next"]
        model.mark_stops([StopMark(5, 1), StopMark(9, 1)])
        assert widget.legend.words[-2:] == ["next", "worth a look"]

    def test_explains_a_mark_as_soon_as_it_comes(self, widget, model, rows_of):
        model.put_rows(2, 110, rows_of(Origin.INTERPOLATED))
        widget.view.plot.draw_changed()
        assert "interpolated" in widget.legend.words
        spans = (
            Span(150, 159, SpanKind.OUT_OF_VIEW),
            Span(160, 170, SpanKind.OCCLUDED),
        )
        model.show_targets([TargetLine(1, "cup", spans=spans, end_frame=180)], 1)
        assert {"out of view", "occluded", "ended"} < set(widget.legend.words)

    def test_asks_for_room_for_what_it_explains(self, widget, model):
        before = widget.legend.sizeHint().width()
        model.mark_cuts([3])
        assert widget.legend.sizeHint().width() > before

    def test_gives_room_to_a_narrow_window(self, widget):
        assert widget.legend.minimumSizeHint().width() == 0

    def test_click_opens_the_whole_list(self, qtbot, widget):
        qtbot.mouseClick(widget.legend, Qt.MouseButton.LeftButton)
        table = QApplication.activePopupWidget()
        words = {label.text() for label in table.findChildren(QLabel)}
        assert {f"<b>{entry.word}</b>" for entry in Explained} < words
        assert {entry.sentence for entry in Explained} < words
        table.close()

    @pytest.mark.parametrize("theme", ["dark", "light"])
    def test_every_sample_is_unlike_the_others(self, theme):
        colors = TimelineColors.of_theme(theme)
        images = [picture_of(entry, colors).toImage() for entry in Explained]
        for place, image in enumerate(images):
            assert image not in images[:place]


# --- menus


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
        beside = point(view, 61, row=0) - QPoint(3, 0)
        entry_of(open_menu(view, beside), "Split here").trigger()
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
            view.plot.draw_changed()
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
