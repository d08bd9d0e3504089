"""Progress on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def show_progress(
    title: str, total: int | None = None
) -> Iterator[Callable[[str | None, int | None], None]]:
    """Show a bar with count, speed and time left while the block runs.

    Args:
        title: shown left of the bar.
        total: number of steps, None if it becomes known later.

    Yields:
        `advance(title, total)` to call once a step; what is not None is replaced.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
    )
    task = bar.add_task(_plain(title), total=total, speed="")

    def advance(title: str | None, total: int | None) -> None:
        speed = bar.tasks[task].speed
        bar.update(
            task,
            advance=1,
            total=total,
            description=None if title is None else _plain(title),
            speed="" if speed is None else f"{speed:.1f} frames/s",
        )

    with bar:
        yield advance


def _plain(text: str) -> str:
    """Keep rich from reading square brackets in a file's name as colours."""
    from rich.markup import escape

    return escape(text)
