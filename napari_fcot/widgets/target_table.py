"""The table of targets: what each is called, how it looks, how many boxes it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from psygnal import Signal
from qtpy.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from qtpy.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QShowEvent,
)
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCompleter,
    QHeaderView,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from napari_fcot.widgets.dialogs import ask_colour, ask_description, ask_removal
from napari_fcot.widgets.target_model import (
    LINE_ROLE,
    TargetColumn,
    TargetLineData,
    TargetModel,
)

_FEWEST_ROWS, _MOST_ROWS = 2, 5
"""Rows that there is room for; with more targets the table scrolls."""
_CELL_PADDING_PX = 12
_TOOL_PX = 22
_WIDEST_CLASS_PX = 96
"""Of a dock of about 330 pixels; longer ones are cut short with dots."""
_FONT_EVENTS = (QEvent.Type.FontChange, QEvent.Type.StyleChange)
_TOOLS = (TargetColumn.VISIBLE, TargetColumn.LOCK, TargetColumn.COLOUR)

AskDescription = Callable[[QWidget, TargetLineData], "dict[str, object] | None"]


class TargetTable(QTableView):
    """Shows targets and tells what a person wants to change; changes nothing itself.

    What comes in by `show_targets` while a name is written leaves the writing alone.

    Args:
        parent: the widget it is in.
        ask_removal: asks whether targets may go.
        ask_colour: asks for a colour, beginning with the present one.
        ask_description: asks for name, class and attributes.
    """

    target_picked = Signal(int)
    """A person chose a target."""
    described = Signal(int, dict)
    """Target id, and what a person changed: arguments of `describe_target`."""
    visibility_changed = Signal(int, bool)
    """Target id and whether its boxes are to be shown."""
    lock_changed = Signal(int, bool)
    """Target id and whether it is to be kept from changes."""
    class_wanted = Signal(object, str)
    """Several targets are to get a class: their ids, the class."""
    remove_wanted = Signal(object)
    """A person wants targets gone, and has been asked: their ids."""
    export_wanted = Signal(object)
    """The boxes of some targets are to be exported: their ids."""

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        ask_removal: Callable[[QWidget, Sequence[TargetLineData]], bool] = ask_removal,
        ask_colour: Callable[[QWidget, str], str | None] = ask_colour,
        ask_description: AskDescription = ask_description,
    ) -> None:
        super().__init__(parent)
        self._ask_removal = ask_removal
        self._ask_colour = ask_colour
        self._ask_description = ask_description
        self._pressed: QModelIndex | None = None
        self._is_showing = False
        self._lines = TargetModel(self)
        self._lines.described.connect(self._on_described)
        self.setModel(self._lines)
        self.setItemDelegate(TargetDelegate(self._find_classes, self))
        self._build()

    def _build(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab leaves the table, as elsewhere
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        header, side = self.horizontalHeader(), self.verticalHeader()
        if header is None or side is None:
            return
        side.hide()
        side.setMinimumSectionSize(1)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(1)
        header.setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(TargetColumn.NAME, QHeaderView.ResizeMode.Stretch)
        for column in _TOOLS:
            header.resizeSection(column, _TOOL_PX)
        self._fit()

    # --- what is shown -------------------------------------------------------

    @property
    def selected_id(self) -> int | None:
        """The target that is marked, or None."""
        line = self._line_at(self.currentIndex())
        return None if line is None else line.target_id

    @property
    def selected_ids(self) -> list[int]:
        """All targets that are marked, from the top; the selected one is among them."""
        return [line.target_id for line in self._marked_lines()]

    def _marked_lines(self) -> list[TargetLineData]:
        selection = self.selectionModel()
        rows = [] if selection is None else selection.selectedRows()
        return [self._lines.lines[row] for row in sorted(one.row() for one in rows)]

    def _lines_with(self, line: TargetLineData) -> list[TargetLineData]:
        """Return all marked lines if a line is one of them, else that line alone."""
        marked = self._marked_lines()
        return marked if line in marked else [line]

    def show_targets(
        self, lines: Sequence[TargetLineData], selected_id: int | None
    ) -> None:
        """Show these targets and mark one; cheap if they are there already."""
        self._is_showing = True
        try:
            n_before = self._lines.rowCount()
            if self._lines.show_lines(lines):
                self._fit()
            if self._lines.rowCount() != n_before:
                self.updateGeometry()
            self._mark(selected_id)
        finally:
            self._is_showing = False

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take the font of the window that it is now in."""
        super().showEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take another font, such as after a change in napari's preferences."""
        super().changeEvent(event)
        if event is not None and event.type() in _FONT_EVENTS:
            self._fit()

    def _fit(self) -> None:
        """Make rows as high as the font asks for, and room for classes and numbers.

        Names take the rest.

        Qt could do so, but asks for the size of each cell whenever one has changed:
        that costs several times as much as drawing them.
        """
        header, side = self.horizontalHeader(), self.verticalHeader()
        metrics = self.fontMetrics()
        if header is None or side is None:
            return
        if side.defaultSectionSize() != metrics.height() + _CELL_PADDING_PX:
            side.setDefaultSectionSize(metrics.height() + _CELL_PADDING_PX)
            self.updateGeometry()
        lines = self._lines.lines
        texts = {
            TargetColumn.CLASS: {"Class", *(line.class_name for line in lines)},
            TargetColumn.BOXES: {"Boxes", *(line.counts for line in lines)},
        }
        for column, shown in texts.items():
            width = max(map(metrics.horizontalAdvance, shown)) + _CELL_PADDING_PX
            if column is TargetColumn.CLASS:
                width = min(width, _WIDEST_CLASS_PX)
            if header.sectionSize(column) != width:
                header.resizeSection(column, width)

    def _mark(self, target_id: int | None) -> None:
        if self.selected_id == target_id:
            return
        row = self._lines.row_of(target_id)
        if row is not None:
            self.setCurrentIndex(self._lines.index(row, TargetColumn.NAME))
        elif (selection := self.selectionModel()) is not None:
            selection.clear()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for a few targets, whatever their number."""
        rows = min(max(self._lines.rowCount(), _FEWEST_ROWS), _MOST_ROWS)
        header, side = self.horizontalHeader(), self.verticalHeader()
        if header is None or side is None:
            return super().sizeHint()
        frame = 2 * self.frameWidth()
        height = header.sizeHint().height() + rows * side.defaultSectionSize() + frame
        return QSize(super().sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as it wants to be, and narrow."""
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())

    def _find_classes(self) -> Iterable[str]:
        return {line.class_name for line in self._lines.lines}

    def _line_at(self, index: QModelIndex) -> TargetLineData | None:
        line = index.data(LINE_ROLE) if index.isValid() else None
        return line if isinstance(line, TargetLineData) else None

    # --- what a person does --------------------------------------------------

    def currentChanged(  # noqa: N802 - Qt's name
        self, current: QModelIndex, previous: QModelIndex
    ) -> None:
        """Tell which target a person chose."""
        super().currentChanged(current, previous)
        line = self._line_at(current)
        is_other = not previous.isValid() or current.row() != previous.row()
        if line is not None and is_other and not self._is_showing:
            self.target_picked.emit(line.target_id)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Begin a click on a picture, which does not select; else select."""
        self._pressed = self._tool_under(event)
        if self._pressed is None:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """On a picture, a fast second click is a second click."""
        self._pressed = self._tool_under(event)
        if self._pressed is None:
            super().mouseDoubleClickEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """End a click on a picture, if the mouse is still over it."""
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            super().mouseReleaseEvent(event)
        elif pressed == self._tool_under(event):
            self._use_tool(pressed)

    def _tool_under(self, event: QMouseEvent | None) -> QModelIndex | None:
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return None
        index = self.indexAt(event.position().toPoint())
        return index if index.isValid() and index.column() in _TOOLS else None

    def _use_tool(self, index: QModelIndex) -> None:
        line = self._line_at(index)
        if line is None:
            return
        if index.column() == TargetColumn.VISIBLE:
            self._show(self._lines_with(line), not line.is_visible)
        elif index.column() == TargetColumn.LOCK:
            self._lock(self._lines_with(line), not line.is_locked)
        else:
            self._change_colour(line)

    def _show(self, lines: Sequence[TargetLineData], is_shown: bool) -> None:
        for line in lines:
            if line.is_visible != is_shown:
                self.visibility_changed.emit(line.target_id, is_shown)

    def _lock(self, lines: Sequence[TargetLineData], is_locked: bool) -> None:
        for line in lines:
            if line.is_locked != is_locked:
                self.lock_changed.emit(line.target_id, is_locked)

    def _on_described(self, target_id: int, changes: dict[str, str]) -> None:
        """A class that is written for one of several marked targets is for all."""
        ids = self.selected_ids
        if "class_name" in changes and target_id in ids and len(ids) > 1:
            self.class_wanted.emit(ids, changes["class_name"])
        else:
            self.described.emit(target_id, changes)

    def event(self, event: QEvent | None) -> bool:
        """Keep Delete from others, such as napari's layers, while we have the focus."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and _is_delete(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Delete asks whether the marked targets may go."""
        lines = self._marked_lines()
        if event is not None and lines and _is_delete(event):
            self._remove(lines)
            event.accept()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:  # noqa: N802
        """Offer what can be done with the target under the mouse, or the marked one."""
        if event is None:
            return
        is_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if is_key else self.indexAt(event.pos())
        line = self._line_at(index)
        if line is None:
            return
        if line not in self._marked_lines():
            self.setCurrentIndex(index)
        menu = self.make_menu(line.target_id)
        menu.exec(self._below(index) if is_key else event.globalPos())
        menu.deleteLater()

    def _below(self, index: QModelIndex) -> QPoint:
        """Return the place on the screen below a cell."""
        corner, view = self.visualRect(index).bottomLeft(), self.viewport()
        return corner if view is None else view.mapToGlobal(corner)

    def make_menu(self, target_id: int) -> QMenu:
        """Return what can be done with a target, or with all that are marked with it.

        Args:
            target_id: the one under the mouse.
        """
        menu = QMenu(self)
        row = self._lines.row_of(target_id)
        if row is None:
            return menu
        line = self._lines.lines[row]
        lines = self._lines_with(line)
        if len(lines) == 1:
            name = self._lines.index(row, TargetColumn.NAME)
            menu.addAction("Rename", lambda: self.edit(name))
        class_name = self._lines.index(row, TargetColumn.CLASS)
        menu.addAction("Change class", lambda: self.edit(class_name))
        if len(lines) == 1:
            menu.addAction("Colour…", lambda: self._change_colour(line))
            menu.addAction("Describe…", lambda: self._describe(line))
        menu.addSeparator()
        menu.addAction(
            "Hide" if line.is_visible else "Show",
            lambda: self._show(lines, not line.is_visible),
        )
        menu.addAction(
            "Allow changes" if line.is_locked else "Keep from changes",
            lambda: self._lock(lines, not line.is_locked),
        )
        ids = [one.target_id for one in lines]
        export = menu.addAction("Export…", lambda: self.export_wanted.emit(ids))
        if export is not None:
            export.setEnabled(any(one.n_boxes for one in lines))
        menu.addSeparator()
        remove = menu.addAction("Remove…", lambda: self._remove(lines))
        if remove is not None:
            remove.setEnabled(not any(one.is_locked for one in lines))
        return menu

    def _change_colour(self, line: TargetLineData) -> None:
        colour = self._ask_colour(self, line.colour)
        if colour is not None and colour != line.colour:
            self.described.emit(line.target_id, {"colour": colour})

    def _describe(self, line: TargetLineData) -> None:
        changes = self._ask_description(self, line)
        if changes:
            self.described.emit(line.target_id, changes)

    def _remove(self, lines: Sequence[TargetLineData]) -> None:
        locked = [line.name for line in lines if line.is_locked]
        if locked:
            words = f"{locked[0]} is kept from changes. Click its padlock first."
            QToolTip.showText(self._below(self.currentIndex()), words, self)
        elif self._ask_removal(self, lines):
            self.remove_wanted.emit([line.target_id for line in lines])


def _is_delete(event: QKeyEvent) -> bool:
    return event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


_FILLED = "fcot_filled"


class TargetDelegate(QStyledItemDelegate):
    """Draws the small pictures, and completes classes that are known.

    Args:
        find_classes: says which classes to offer, when somebody begins to write.
        parent: the table.
    """

    def __init__(
        self, find_classes: Callable[[], Iterable[str]], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._find_classes = find_classes

    def initStyleOption(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem | None, index: QModelIndex
    ) -> None:
        """Mark whole rows, not the one cell that has the focus."""
        super().initStyleOption(option, index)
        if option is not None:
            option.state &= ~QStyle.StateFlag.State_HasFocus

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> None:
        """Draw a cell: its ground and its words as usual, then its picture."""
        super().paint(painter, option, index)
        line = index.data(LINE_ROLE)
        if painter is None or not isinstance(line, TargetLineData):
            return
        ink = option.palette.color(QPalette.ColorRole.Text)
        if index.column() == TargetColumn.VISIBLE:
            paint_eye(painter, option.rect, ink, is_open=line.is_visible)
        elif index.column() == TargetColumn.LOCK:
            paint_lock(painter, option.rect, ink, is_locked=line.is_locked)
        elif index.column() == TargetColumn.COLOUR:
            paint_swatch(painter, option.rect, QColor(line.colour), ink)

    def createEditor(  # noqa: N802 - Qt's name
        self,
        parent: QWidget | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> QWidget | None:
        """Return the line to write in."""
        editor = QLineEdit(parent)
        editor.setFrame(False)
        if index.column() == TargetColumn.CLASS:
            completer = QCompleter(sorted(set(self._find_classes())), editor)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            editor.setCompleter(completer)
        return editor

    def setEditorData(  # noqa: N802 - Qt's name
        self, editor: QWidget | None, index: QModelIndex
    ) -> None:
        """Put the present words into the line, once.

        Qt asks again whenever the cell changes, such as while tracking; what a person
        has written by then must stay.
        """
        if editor is not None and not editor.property(_FILLED):
            editor.setProperty(_FILLED, True)
            super().setEditorData(editor, index)


_FAINT = 0.4
"""Opacity of what is not so: an eye that is shut, a lock that is open."""


def paint_eye(painter: QPainter, cell: QRect, ink: QColor, *, is_open: bool) -> None:
    """Draw an open eye, or one that is struck out, in the middle of a cell."""
    centre = QRectF(cell).center()
    left, right = centre - QPointF(7, 0), centre + QPointF(7, 0)
    lids = QPainterPath(left)
    lids.quadTo(centre - QPointF(0, 8), right)
    lids.quadTo(centre + QPointF(0, 8), left)
    with _Brush(painter, ink, faint=not is_open):
        painter.drawPath(lids)
        if is_open:
            painter.setBrush(ink)
            painter.drawEllipse(centre, 1.8, 1.8)
        else:
            painter.drawLine(centre + QPointF(-5, 5), centre + QPointF(5, -5))


def paint_lock(painter: QPainter, cell: QRect, ink: QColor, *, is_locked: bool) -> None:
    """Draw a closed padlock, or a faint open one, in the middle of a cell."""
    centre = QRectF(cell).center()
    body = QRectF(centre.x() - 4.5, centre.y() - 1, 9, 6.5)
    bow = QPainterPath(QPointF(body.left() + 1.5, body.top()))
    top = body.top() - 5
    bow.lineTo(body.left() + 1.5, top + 2.5)
    bow.arcTo(QRectF(body.left() + 1.5, top, 6, 5), 180, -180)
    if is_locked:
        bow.lineTo(body.right() - 1.5, body.top())
    with _Brush(painter, ink, faint=not is_locked):
        painter.drawPath(bow)
        if is_locked:
            painter.setBrush(ink)
        painter.drawRoundedRect(body, 1.2, 1.2)


def paint_swatch(
    painter: QPainter, cell: QRect, colour: QColor, border: QColor
) -> None:
    """Draw a square of a target's colour in the middle of a cell."""
    square = QRectF(0, 0, 12, 12)
    square.moveCenter(QRectF(cell).center())
    with _Brush(painter, border, faint=True):
        painter.setOpacity(1.0)
        painter.setBrush(colour)
        painter.drawRoundedRect(square, 2, 2)


class _Brush:
    """Sets a painter up for one picture, and leaves it as it was."""

    def __init__(self, painter: QPainter, ink: QColor, *, faint: bool) -> None:
        self._painter, self._ink, self._is_faint = painter, ink, faint

    def __enter__(self) -> None:
        painter = self._painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(_FAINT if self._is_faint else 1.0)
        painter.setPen(QPen(self._ink, 1.3))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def __exit__(self, *raised: object) -> None:
        self._painter.restore()
