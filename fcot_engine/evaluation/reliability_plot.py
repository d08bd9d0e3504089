"""A reliability diagram as SVG."""

from __future__ import annotations

from fcot_engine.evaluation.calibration import CalibrationReport
from fcot_engine.evaluation.reliability import Reliability

__all__ = ["draw_reliability"]

SIDE_PX = 320
LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 60, 40, 20, 60
HISTOGRAM_SHARE = 0.25
"""Height of the tallest histogram bar over that of the diagram."""
PEAK_COLOUR, FITTED_COLOUR = "#b0b0b0", "#1f5fa8"


def draw_reliability(report: CalibrationReport) -> str:
    """Draw, for the held-out frames, how often a box of some confidence is right.

    The diagonal is a perfect confidence. Bars at the foot show how many frames have
    the fitted confidence.
    """
    width, height = LEFT_PX + SIDE_PX + RIGHT_PX, TOP_PX + SIDE_PX + BOTTOM_PX
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
    )
    parts = [
        head,
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_draw_bars(report.fitted),
        *_draw_axes(),
        _draw_line([(0.0, 0.0), (1.0, 1.0)], "#808080", dash="4 4"),
        *_draw_curve(report.peak, PEAK_COLOUR),
        *_draw_curve(report.fitted, FITTED_COLOUR),
        _write(LEFT_PX, 16, f"fused score, ECE {report.peak.ece:.3f}", "#808080"),
        _write(
            LEFT_PX,
            32,
            f"fitted confidence, ECE {report.fitted.ece:.3f}",
            FITTED_COLOUR,
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _place(x: float, y: float) -> tuple[float, float]:
    """From values in [0, 1] to pixels of the picture."""
    return LEFT_PX + x * SIDE_PX, TOP_PX + (1 - y) * SIDE_PX


def _draw_axes() -> list[str]:
    frame = (
        f'<rect x="{LEFT_PX}" y="{TOP_PX}" width="{SIDE_PX}" height="{SIDE_PX}" '
        'fill="none" stroke="black"/>'
    )
    parts = [frame]
    for fifth in range(6):
        value = fifth / 5
        x, _ = _place(value, 0)
        _, y = _place(0, value)
        parts.append(_write(x, TOP_PX + SIDE_PX + 18, f"{value:.1f}", anchor="middle"))
        parts.append(_write(LEFT_PX - 6, y + 4, f"{value:.1f}", anchor="end"))
    middle_x, middle_y = _place(0.5, 0.5)
    foot = TOP_PX + SIDE_PX + 42
    parts.append(_write(middle_x, foot, "confidence", anchor="middle"))
    parts.append(
        f'<text x="16" y="{middle_y}" text-anchor="middle" '
        f'transform="rotate(-90 16 {middle_y})">share of boxes with IoU &#8805; 0.5'
        "</text>"
    )
    return parts


def _draw_curve(reliability: Reliability, colour: str) -> list[str]:
    points = [
        (bin_.confidence, bin_.share_right)
        for bin_ in reliability.bins
        if bin_.confidence is not None and bin_.share_right is not None
    ]
    dots = [_place(*point) for point in points]
    return [
        _draw_line(points, colour),
        *(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
            for x, y in dots
        ),
    ]


def _draw_line(points: list[tuple[float, float]], colour: str, dash: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_place(*point) for point in points))
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" '
        f'stroke-width="2"{dashes}/>'
    )


def _draw_bars(reliability: Reliability) -> list[str]:
    most = max(bin_.n_frames for bin_ in reliability.bins)
    parts = []
    for bin_ in reliability.bins:
        share = HISTOGRAM_SHARE * bin_.n_frames / most
        x, y = _place(bin_.low, share)
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{SIDE_PX / 10 - 1:.1f}" '
            f'height="{share * SIDE_PX:.1f}" fill="#dbe7f3"/>'
        )
    return parts


def _write(
    x: float, y: float, text: str, colour: str = "black", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">'
        f"{text}</text>"
    )
