"""Curves of a training run as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fcot_engine.training.run_log import read_log

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["plot_log"]

_PANEL_PX = (360, 200)
_MARGIN_PX = 34
_COLUMNS = 3
_NOT_PLOTTED = {"step", "samples", "minutes"}


def plot_log(log_path: Path, picture_path: Path) -> None:
    """Draw every column of a log over the samples seen, one panel each.

    A thin line shows the values, a thick one their running mean.

    Raises:
        TrainingError: the log cannot be read.
    """
    from PIL import Image, ImageDraw

    rows = read_log(log_path)
    names = list(dict.fromkeys(name for row in rows for name in row))
    names = [name for name in names if name not in _NOT_PLOTTED]
    width, height = _PANEL_PX
    lines = max(1, math.ceil(len(names) / _COLUMNS))
    image = Image.new("RGB", (_COLUMNS * width, lines * height), "white")
    draw = ImageDraw.Draw(image)
    for number, name in enumerate(names):
        points = [
            (row["samples"], row[name])
            for row in rows
            if name in row and math.isfinite(row[name])
        ]
        corner = (number % _COLUMNS * width, number // _COLUMNS * height)
        _draw_panel(draw, corner, name, points)
    image.save(picture_path)


def _draw_panel(
    draw: ImageDraw,
    corner: tuple[int, int],
    title: str,
    points: Sequence[tuple[float, float]],
) -> None:
    left, top = corner[0] + _MARGIN_PX, corner[1] + 24
    right, bottom = corner[0] + _PANEL_PX[0] - 10, corner[1] + _PANEL_PX[1] - 20
    draw.text((left, corner[1] + 6), title, fill="black")
    draw.rectangle((left, top, right, bottom), outline="#888888")
    if not points:
        return
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys), max(ys)
    x_span, y_span = max(xs) - min(xs) or 1.0, high - low or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = left + (x - min(xs)) / x_span * (right - left)
        return across, bottom - (y - low) / y_span * (bottom - top)

    thin = [place(x, y) for x, y in points]
    thick = [place(x, y) for x, y in zip(xs, _running_mean(ys), strict=True)]
    if len(points) > 1:
        draw.line(thin, fill="#a8c8e8", width=1)
        draw.line(thick, fill="#1f5fa8", width=2)
    draw.text((corner[0] + 2, top), f"{high:.3g}", fill="black")
    draw.text((corner[0] + 2, bottom - 10), f"{low:.3g}", fill="black")
    draw.text((right - 70, bottom + 4), f"{max(xs):.6g}", fill="black")


def _running_mean(values: Sequence[float]) -> list[float]:
    window = max(1, len(values) // 30)
    total, means = 0.0, []
    for index, value in enumerate(values):
        total += value
        if index >= window:
            total -= values[index - window]
        means.append(total / min(index + 1, window))
    return means
