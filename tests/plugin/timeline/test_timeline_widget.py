"""The timeline under the mouse and the keyboard, without napari."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, QRect, Qt
from qtpy.QtGui import QColor, QImage, QWheelEvent
from qtpy.QtWidgets import QApplication, QLabel

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from napari_fcot.timeline import (
    StopMark,
    TargetLine,
    TimelineColors,
    TimelineModel,
    TimelineWidget,
)
from napari_fcot.timeline.legend_samples import Explained, sample_of

pytestmark = pytest.mark.usefixtures("no_widget_is_left_open")

N_FRAMES = 200


LINES = [TargetLine(1, "cup", "#e69f00"), TargetLine(2, "saucer", "#56b4e9")]


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
    widget.resize(922, 130)  # a frame is 4 pixels wide
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


@pytest.fixture
def view(widget):
    return widget.view


@pytest.fixture
def wanted(view):
    """What was asked for: frames as numbers, targets as `target N`."""
    wanted = []
    view.frame_wanted.connect(wanted.append)
    view.target_wanted.connect(lambda track_id: wanted.append(f"target {track_id}"))
    return wanted


def point(view, frame, row=None):
    """The middle of a frame, in a row or in the ruler."""
    places = view.places
    x = places.axis_left + view.axis.x_of(frame + 0.5)
    y = 5 if row is None else places.row_top(row) + places.row_height // 2
    return QPoint(int(x), y)


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


def as_pixels(pixmap):
    image = pixmap.toImage().convertToFormat(QImage.Format.Format_RGB32)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    return np.frombuffer(bits, np.uint32).copy()


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
        assert view.axis.span < N_FRAMES
        assert abs(point(view, 80, row=0).x() - at.x()) <= view.axis.pixels_per_frame

    def test_shift_and_wheel_move_along_time(self, view):
        turn_wheel(view, point(view, 80), 5)
        span, start = view.axis.span, view.axis.start
        turn_wheel(view, point(view, 80), -1, Qt.KeyboardModifier.ShiftModifier)
        assert view.axis.span == span
        assert view.axis.start > start

    def test_double_click_shows_everything_and_selects_nothing(self, qtbot, view):
        view.select_range((20, 50))
        turn_wheel(view, point(view, 80, row=0), 5)
        qtbot.mouseDClick(
            view.canvas, Qt.MouseButton.LeftButton, pos=point(view, 80, row=0)
        )
        assert view.axis.shows_all
        assert view.selected_range is None

    def test_buttons_come_when_they_are_of_use(self, qtbot, widget, view):
        assert not widget.zoom_in.isVisible()
        assert not widget.show_all.isVisible()
        view.select_range((20, 59))
        qtbot.mouseClick(widget.zoom_in, Qt.MouseButton.LeftButton)
        assert (view.axis.first, view.axis.last) == (20, 59)
        assert not widget.zoom_in.isVisible()
        qtbot.mouseClick(widget.show_all, Qt.MouseButton.LeftButton)
        assert view.axis.shows_all

    def test_scroll_bar_moves_along_time(self, view):
        view.show_range((0, 49))
        view.horizontalScrollBar().setValue(100)
        assert (view.axis.first, view.axis.last) == (100, 149)

    def test_page_turns_with_the_frame_on_the_screen(self, view, model):
        view.show_range((0, 49))
        model.show_frame(90)
        assert view.axis.is_in_view(90)
        assert view.axis.span == 50


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
    def colour_at(self, view, frame, row, *, above_foot=1):
        places = view.places
        x = places.axis_left + int(view.axis.x_of(frame + 0.5))
        y = places.row_top(row) + places.row_height - 1 - above_foot
        return view.grab().toImage().pixelColor(x, y)

    def test_a_new_box_appears_without_drawing_the_rest_anew(
        self, qtbot, view, model, monkeypatch, rows_of
    ):
        view.grab()  # there is a picture
        monkeypatch.setattr(view, "draw_anew", lambda: pytest.fail("drawn anew"))
        before = self.colour_at(view, 120, 1)
        model.put_rows(2, 120, rows_of())
        own = QColor(*TimelineColors.of_theme("dark").of_target("#56b4e9"))
        qtbot.waitUntil(lambda: self.colour_at(view, 120, 1) == own)
        assert before != own

    def test_moving_the_cursor_draws_no_row(self, qtbot, view, model, monkeypatch):
        view.grab()
        monkeypatch.setattr(
            "napari_fcot.timeline.timeline_painter.draw_row",
            lambda *_, **__: pytest.fail("a row was drawn"),
        )
        model.show_frame(60)
        cursor = QColor(*TimelineColors.of_theme("dark").cursor)
        assert self.colour_at(view, 60, 0) == cursor

    @pytest.mark.parametrize("width", [922, 220, 187])
    @pytest.mark.parametrize("frame", [0, 40, 41, 119, N_FRAMES - 1])
    @pytest.mark.parametrize("change", ["tracked", "human", "gone", "many"])
    def test_mended_picture_is_the_same_as_a_new_one(
        self, widget, view, model, width, frame, change, rows_of
    ):
        widget.setMinimumWidth(1)
        view.setFixedWidth(width)
        model.mark_cuts([40])
        model.mark_stops([StopMark(43, 1), StopMark(44)])
        model.put_rows(2, frame, rows_of(Origin.HUMAN))
        spans = (Span(38, 45, SpanKind.OCCLUDED), Span(110, 118, SpanKind.OUT_OF_VIEW))
        line = TargetLine(1, "cup", spans=spans, end_frame=150)
        model.show_targets([line, LINES[1]], 1)
        view.grab()
        rows = {
            "tracked": rows_of(score=0.125),
            "human": rows_of(Origin.HUMAN),
            "gone": empty_rows(1),
            "many": rows_of(Origin.INTERPOLATED, count=30),
        }[change]
        model.put_rows(1, frame, rows)
        model.put_rows(2, frame, empty_rows(1))
        view.draw_changed()
        mended = view.grab().toImage()
        view.draw_anew()
        assert mended == view.grab().toImage()

    def test_next_stop_stands_out_from_the_others(self, view, model):
        def area(stops):
            model.mark_stops(())
            before = as_pixels(view.grab())
            model.mark_stops(stops)
            return (as_pixels(view.grab()) != before).sum()

        first, other = StopMark(150, 1), StopMark(150, 2)
        alone = area([first])
        with_another = area([first, other])
        assert alone > 1.5 * (with_another - alone) > 0

    @pytest.mark.parametrize("cut", [10, 19, 20])
    def test_cut_before_the_view_is_not_drawn_over_the_names(self, view, model, cut):
        view.show_range((20, 49))
        before = view.grab().toImage()
        model.mark_cuts([cut])
        after = view.grab().toImage()
        names = QRect(0, 0, view.places.axis_left, view.canvas.height())
        assert after.copy(names) == before.copy(names)
        assert (after != before) is (cut == 20)

    def test_theme_changes_the_ground(self, widget, view):
        light = TimelineColors.of_theme("light")
        widget.show_colors(light)
        assert self.colour_at(view, 150, 1) == QColor(*light.row)


class TestManyTargets:
    @pytest.fixture
    def many(self, model):
        lines = [TargetLine(number, f"target {number}") for number in range(1, 21)]
        model.show_targets(lines, 1)
        return lines

    def test_rows_scroll(self, view, many):
        assert view.verticalScrollBar().maximum() > 0

    def test_selected_target_comes_into_sight(self, view, model, many):
        model.show_targets(many, 20)
        places = view.places
        assert places.row_top(19) + places.row_height <= places.height
        model.show_targets(many, 1)
        assert view.places.row_top(0) == view.places.rows_top

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
        assert widget.words.text().endswith("saucer: tracked, score 0.50")

    def test_name_under_the_mouse_says_whether_its_boxes_are_hidden(
        self, qtbot, widget, view, model
    ):
        model.show_targets([TargetLine(1, "cup", is_hidden=True), LINES[1]], 1)
        qtbot.mouseMove(view.canvas, QPoint(40, point(view, 0, row=0).y()))
        qtbot.waitUntil(lambda: widget.words.text().startswith("Select cup (its"))
        qtbot.mouseMove(view.canvas, QPoint(40, point(view, 0, row=1).y()))
        qtbot.waitUntil(lambda: widget.words.text() == "Select saucer")


class TestLegend:
    def test_explains_rare_marks_only_where_they_are(self, widget, model, rows_of):
        common = ["drawn by you", "score", "lost", "gap"]
        assert widget.legend.words == common
        model.mark_cuts([3])
        model.mark_stops([StopMark(5)])
        assert widget.legend.words == [*common, "shot cut", "next"]
        model.mark_stops([StopMark(5), StopMark(9)])
        assert widget.legend.words[-2:] == ["next", "worth a look"]

    def test_explains_a_mark_as_soon_as_it_comes(self, widget, model, rows_of):
        model.put_rows(2, 110, rows_of(Origin.INTERPOLATED))
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
    def test_samples_show_their_marks(self, theme):
        colors = TimelineColors.of_theme(theme)
        marked_with = {
            Explained.DRAWN: colors.text,
            Explained.SCORE: colors.of_target("#e69f00"),
            Explained.INTERPOLATED: colors.of_target("#e69f00"),
            Explained.LOST: colors.text,
            Explained.GAP: colors.gap,
            Explained.OCCLUDED: colors.text,
            Explained.OUT_OF_VIEW: colors.faint,
            Explained.ENDED: colors.ended,
        }
        for entry, color in marked_with.items():
            sample = sample_of(entry, colors)
            assert (sample == QColor(*color).rgb()).any(), entry
        samples = {sample_of(entry, colors).tobytes() for entry in marked_with}
        assert len(samples) == len(marked_with)
