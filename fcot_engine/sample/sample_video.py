"""The sample video: a cup of coffee that flies through a garage.

It moves, grows, shrinks and turns while the camera pans; it passes behind a post; and
a second cup, of slightly other colour, comes in, hides it for some frames and flies on
in its place and pose, while the first one turns away. Everything is composed from
photographs that come inside scikit-image, the same in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcot_engine.geometry import box_iou, xywh_to_xyxy
from fcot_engine.sample._scene import (
    CutOut,
    Pose,
    cut_coffee,
    cut_post,
    cut_view,
    load_photo,
    paint_,
    smooth_path,
)

N_FRAMES = 200
WIDTH, HEIGHT = 480, 360
FRAME_RATE = 25.0
TARGET_WIDTH_PX = 90.0
"""Width of the target at size 1."""
CUTOUT_WIDTH_PX = 180
NOISE = 2.0 / 255
NOISE_FRAMES = 12
SEED = 20

# frame, x, y, size, angle in degrees, brightness
TARGET_KEYS = [
    (0, 92, 240, 0.80, -8, 1.00),
    (25, 150, 160, 0.92, 4, 1.00),
    (50, 245, 120, 1.15, 14, 1.02),
    (75, 330, 165, 1.40, 20, 1.02),
    (95, 322, 205, 1.25, 16, 1.00),
    (106, 300, 215, 1.12, 12, 0.98),
    (113, 285, 212, 1.06, 6, 0.95),
    (128, 192, 182, 1.01, -8, 0.88),
    (145, 122, 210, 0.98, -15, 0.86),
    (165, 92, 252, 0.92, -20, 0.88),
    (182, 115, 272, 0.76, -14, 0.90),
    (199, 160, 250, 0.70, -4, 0.92),
]
DISTRACTOR_KEYS = [
    (78, 575, 70, 1.10, -4, 1.00),
    (92, 430, 130, 1.18, 8, 1.00),
    (103, 322, 203, 1.27, 13, 1.00),
    (109, 296, 216, 1.23, 12, 1.00),
    (116, 300, 226, 1.20, 13, 1.00),
    (128, 345, 250, 1.18, 14, 1.00),
    (145, 392, 255, 1.16, 12, 1.00),
    (170, 398, 205, 1.15, 6, 1.00),
    (199, 370, 150, 1.10, 2, 1.00),
]
DISTRACTOR_GAINS_RGB = (0.97, 1.03, 1.10)
# frame, left and top of the view in the garage photograph, zoom, brightness
CAMERA_KEYS = [
    (0, 20, 70, 1.02, 1.00),
    (50, 110, 40, 1.00, 0.96),
    (100, 185, 75, 1.03, 1.03),
    (150, 235, 100, 1.05, 0.98),
    (199, 245, 60, 1.02, 1.00),
]
POST_X = 400.0
"""Where the post stands in the first frame, in pixels."""
POST_SIZE_PX = (44, 480)
PARALLAX = 2.1
"""How much faster than the garage the nearer post moves."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class SampleVideo:
    """Frames with the truth about them."""

    name: str
    frames: NDArray[np.uint8]
    """RGB, shape (n, height, width, 3)."""
    boxes_xywh: NDArray[np.float64]
    """The target in every frame, its hidden parts included, image pixels, (n, 4)."""
    distractor_boxes_xywh: NDArray[np.float64]
    """The look-alike, shape (n, 4); NaN before it comes in."""
    distractor_frames: range
    """Where the boxes of target and look-alike overlap."""
    frame_rate: float


def make_sample_video() -> SampleVideo:
    """Compose the sample; takes some seconds and 100 MB.

    Raises:
        FcotError: scikit-image is not installed.
    """
    target_poses, target_light = _poses(TARGET_KEYS)
    other_poses, other_light = _poses(DISTRACTOR_KEYS)
    cup, first_seen = cut_coffee(CUTOUT_WIDTH_PX), DISTRACTOR_KEYS[0][0]
    look_alike = cup.tinted(DISTRACTOR_GAINS_RGB)
    post, garage = cut_post(*POST_SIZE_PX), load_photo("stereo_motorcycle")
    camera = _follow(CAMERA_KEYS)
    shadow = cup.shadow()
    noise = _make_noise()
    frames = np.empty((N_FRAMES, HEIGHT, WIDTH, 3), dtype=np.uint8)
    for index in range(N_FRAMES):
        left, top, zoom, light = camera[index].tolist()
        frame = cut_view(
            garage, left=left, top=top, zoom=zoom, width=WIDTH, height=HEIGHT
        )
        _paint_cup_(frame, cup, shadow, target_poses[index], target_light[index])
        post_x = POST_X - PARALLAX * (left - CAMERA_KEYS[0][1])
        paint_(frame, post, Pose((post_x, HEIGHT / 2), 1.0, 0.0))
        if index >= first_seen:
            _paint_cup_(
                frame, look_alike, shadow, other_poses[index], other_light[index]
            )
        frames[index] = _develop(frame * light + noise[index % len(noise)])
    boxes = np.stack([_box(cup, pose) for pose in target_poses])
    other_boxes = np.stack([_box(cup, pose) for pose in other_poses])
    other_boxes[:first_seen] = np.nan
    return SampleVideo(
        name="flying-cup",
        frames=frames,
        boxes_xywh=boxes,
        distractor_boxes_xywh=other_boxes,
        distractor_frames=_meeting(boxes, other_boxes),
        frame_rate=FRAME_RATE,
    )


def _follow(keys: Sequence[tuple[float, ...]]) -> NDArray[np.float64]:
    """Values of all frames from rows of a frame number and its values."""
    rows = np.asarray(keys, dtype=np.float64)
    return smooth_path(rows[:, 0], rows[:, 1:], np.arange(N_FRAMES, dtype=np.float64))


def _poses(
    keys: Sequence[tuple[float, ...]],
) -> tuple[list[Pose], NDArray[np.float64]]:
    """Pose and brightness of a cup in every frame."""
    rows = _follow(keys)
    unit = TARGET_WIDTH_PX / CUTOUT_WIDTH_PX
    poses = [Pose((x, y), size * unit, angle) for x, y, size, angle, _ in rows.tolist()]
    return poses, rows[:, 4]


def _paint_cup_(
    frame: Tensor, cup: CutOut, shadow: CutOut, pose: Pose, light: float
) -> None:
    """Paint a cup above its shadow."""
    x, y = pose.center_xy
    below = (x + 16 * pose.scale, y + 28 * pose.scale)
    paint_(frame, shadow, Pose(below, pose.scale, pose.angle_deg))
    paint_(frame, cup.tinted((light, light, light)), pose)


def _make_noise() -> Tensor:
    """Make the sensor noise of some frames, which repeat; shape (n, 3, h, w)."""
    generator = torch.Generator().manual_seed(SEED)
    return torch.randn((NOISE_FRAMES, 3, HEIGHT, WIDTH), generator=generator) * NOISE


def _develop(frame: Tensor) -> NDArray[np.uint8]:
    """Turn [0, 1], (3, h, w), into bytes, (h, w, 3)."""
    rounded = (frame.clamp(0, 1) * 255).round().to(torch.uint8)
    return np.asarray(rounded.permute(1, 2, 0).numpy())


def _box(cup: CutOut, pose: Pose) -> NDArray[np.float64]:
    """Tight box of a cut-out's outline, x, y, width, height in image pixels."""
    outline = pose.to_image(cup.outline_xy)
    return np.concatenate([outline.min(0), np.ptp(outline, axis=0)])


def _meeting(a_xywh: NDArray[np.float64], b_xywh: NDArray[np.float64]) -> range:
    """The frames in which two boxes overlap, from the first to the last."""
    overlap = box_iou(
        xywh_to_xyxy(torch.from_numpy(a_xywh)),
        xywh_to_xyxy(torch.from_numpy(np.nan_to_num(b_xywh))),
    )
    frames = torch.nonzero(overlap > 0).flatten().tolist()
    return range(frames[0], frames[-1] + 1)
