"""Forms out of dataclasses: magicgui makes the widgets, the class gives the words."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, Generic, TypeVar, get_type_hints

from magicgui.widgets import Container, Widget, create_widget
from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from fcot_engine.errors import FcotError

T = TypeVar("T")
_WIDTH_PX = 380


class Form(Generic[T]):
    """Edits one dataclass, field by field.

    A field's annotation says which widget it gets, and the text below it is the
    tooltip. `Annotated[..., {...}]` adds options of magicgui, such as `label`.

    Args:
        value: what is shown at first.
    """

    changed = Signal(object)
    """A field was changed: the dataclass as it is now."""

    def __init__(self, value: T) -> None:
        self._kind = type(value)
        hints = get_type_hints(self._kind, include_extras=True)
        docs = field_docs(self._kind)
        self.widgets: Container[Widget] = Container()
        """magicgui's, with one attribute for each field."""
        self.widgets.extend(  # not at once: only then are labels equally wide
            create_widget(
                value=getattr(value, field.name),
                annotation=hints[field.name],
                name=field.name,
                label=_label_of(field.name, hints[field.name]),
                options={"tooltip": docs.get(field.name, "")},
            )
            for field in fields(self._kind)  # type: ignore[arg-type]
        )
        self.widgets.margins = (0, 0, 0, 0)
        self.widgets.changed.connect(self._on_changed)

    @property
    def native(self) -> QWidget:
        """To put into a layout."""
        return self.widgets.native  # type: ignore[no-any-return]

    @property
    def value(self) -> T:
        """What the form says now."""
        return self._kind(**self.widgets.asdict())

    @value.setter
    def value(self, value: T) -> None:
        with self.widgets.changed.blocked():
            for field in fields(self._kind):  # type: ignore[arg-type]
                widget: Any = self.widgets[field.name]  # a field may be called "name"
                widget.value = getattr(value, field.name)
        self.changed.emit(value)

    def change(self, **changes: Any) -> None:
        """Fill in some fields, by name."""
        self.value = replace(self.value, **changes)  # type: ignore[type-var]

    def _on_changed(self) -> None:
        try:
            value = self.value
        except FcotError:  # such as a number that is half written
            return
        self.changed.emit(value)


class FormDialog(QDialog, Generic[T]):
    """A form with two buttons; what cannot be used is said below it.

    Args:
        title: of the window.
        value: what is shown at first.
        action: what the first button says.
        check: raises `FcotError` for what cannot be used.
        parent: the window to be in front of.
    """

    def __init__(
        self,
        title: str,
        value: T,
        *,
        action: str = "OK",
        check: Callable[[T], object] = lambda value: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._check = check
        self.form = Form(value)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = buttons.addButton(action, QDialogButtonBox.ButtonRole.AcceptRole)
        layout = QVBoxLayout(self)
        layout.addWidget(self.form.native)
        layout.addWidget(self.problem)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.setMinimumWidth(_WIDTH_PX)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.form.widgets.changed.connect(self._refresh)  # by hand, also what is wrong
        self.form.changed.connect(self._refresh)
        self._refresh()

    @property
    def value(self) -> T | None:
        """What the form says, or None while that cannot be used."""
        return None if self._find_problem() else self.form.value

    def _find_problem(self) -> str:
        try:
            self._check(self.form.value)
        except FcotError as error:
            return str(error)
        return ""

    def _refresh(self, value: object = None) -> None:
        problem = self._find_problem()
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        if self.go is not None:
            self.go.setEnabled(not problem)


def ask(
    parent: QWidget,
    title: str,
    value: T,
    *,
    action: str = "OK",
    check: Callable[[T], object] = lambda value: None,
) -> T | None:
    """Let a person fill in a form; None if they thought better of it."""
    dialog = FormDialog(title, value, action=action, check=check, parent=parent)
    is_accepted = dialog.exec() == QDialog.DialogCode.Accepted
    answer = dialog.value if is_accepted else None
    dialog.deleteLater()
    return answer


def _label_of(name: str, annotation: Any) -> str:
    for options in getattr(annotation, "__metadata__", ()):
        if "label" in options:
            return str(options["label"])
    return name.replace("_", " ").capitalize()


def field_docs(kind: type[Any]) -> dict[str, str]:
    """Return the text that stands below each field of a dataclass.

    Example:
        >>> from fcot_engine.annotation import PropagationConfig
        >>> field_docs(PropagationConfig)["stop_at_cuts"]
        'End a run where a new shot begins.'
    """
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    except (OSError, TypeError):  # no source here, such as in a frozen program
        return {}
    lines = getattr(body, "body", [])
    return {
        line.target.id: inspect.cleandoc(below.value.value).replace("\n", " ")
        for line, below in itertools.pairwise(lines)
        if isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
