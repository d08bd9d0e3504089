"""How targets and backgrounds lie in their patches, and move from frame to frame.

The *tile* of an object is its box, with coordinates from -1 to 1 on both axes; it may
be looked up beyond that. A pose bends the tile smoothly, tilts it (perspective), flips
and scales it, turns it and puts it at its centre.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from fcot_engine.config import FactoryConfig
from fcot_engine.training._draws import Draws

TILE_REACH = 1.15
"""Objects are drawn at tile coordinates from -TILE_REACH to TILE_REACH."""


_INVERSE_STEPS = 4  # the bend is a contraction of at most about 0.25


@dataclass(frozen=True, eq=False)
class Pose:
    """Where objects lie in their patches; all leading dimensions `(*)` agree.

    Attributes:
        center_px: centre in the patch, `(*, 2)`, pixels.
        half_px: half width and height before turning, `(*, 2)`, pixels; a negative
            width mirrors.
        angle: turn, `(*)`, radians.
        tilt: perspective, `(*, 2)`; 0 is none, 0.2 a lot.
        bend: amplitudes of the smooth bend, `(*, 2)`, tile units.
        bend_phase: phases of the smooth bend, `(*, 2)`, radians.
    """

    center_px: Tensor
    half_px: Tensor
    angle: Tensor
    tilt: Tensor
    bend: Tensor
    bend_phase: Tensor

    @classmethod
    def rigid(cls, center_px: Tensor, half_px: Tensor, angle: Tensor) -> Pose:
        """A pose without perspective and bend."""
        none = torch.zeros_like(center_px)
        return cls(center_px, half_px, angle, none, none, none)

    def parts(self) -> tuple[Tensor, ...]:
        """All members, in the order of the constructor."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def __getitem__(self, index: Tensor) -> Pose:
        """The poses at `index` of the first dimension."""
        return Pose(*(part[index] for part in self.parts()))

    def to_tile(self, points_px: Tensor) -> Tensor:
        """Map patch points `(*, N, 2)` or `(N, 2)` to tile points `(*, N, 2)`."""
        offset = points_px - self.center_px[..., None, :]
        turned = _turn(offset, -self.angle)
        flat = turned / self.half_px[..., None, :]
        depth = 1 - (flat * self.tilt[..., None, :]).sum(-1, keepdim=True)
        upright = flat / depth.clamp(min=0.2)
        return upright + self._bend_at(upright)

    def to_patch(self, points_tile: Tensor) -> Tensor:
        """Map tile points `(*, N, 2)` or `(N, 2)` to patch points `(*, N, 2)`."""
        upright = points_tile.expand(*self.angle.shape, *points_tile.shape[-2:])
        for _ in range(_INVERSE_STEPS):
            upright = points_tile - self._bend_at(upright)
        depth = 1 + (upright * self.tilt[..., None, :]).sum(-1, keepdim=True)
        flat = upright / depth.clamp(min=0.2)
        turned = _turn(flat * self.half_px[..., None, :], self.angle)
        return turned + self.center_px[..., None, :]

    def _bend_at(self, points: Tensor) -> Tensor:
        # x is pushed by a wave along y and the other way round
        wave = torch.sin(points.flip(-1) * 2.0 + self.bend_phase[..., None, :])
        return wave * self.bend[..., None, :]


def _turn(points: Tensor, angle: Tensor) -> Tensor:
    cos, sin = angle.cos()[..., None], angle.sin()[..., None]
    x, y = points.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y], -1)


_THIN = (3.0, 7.0)  # length over width of thin targets
_PLAIN_TURN = 0.035  # rad; the box of a turned real object is not known exactly


@dataclass(frozen=True, eq=False)
class Motion:
    """Where targets and backgrounds are, for each sequence and frame `(B, F)`.

    Attributes:
        target: pose of the target; its tile is its box.
        background_shift: shift of the background, `(B, F, 2)`, patch pixels.
        background_zoom: zoom of the background, `(B, F)`.
        background_angle: turn of the background, `(B, F)`, radians.
        layer_shift: shift of a layer between background and target, `(B, F, 2)`.
        away: in which frames the target has left the patch, `(B, F)`.
        hidden: in which frames it shall be wholly covered, `(B, F)`.
    """

    target: Pose
    background_shift: Tensor
    background_zoom: Tensor
    background_angle: Tensor
    layer_shift: Tensor
    away: Tensor
    hidden: Tensor


def draw_motion(
    config: FactoryConfig,
    box_xywh: Tensor,
    plain: Tensor,
    unique: Tensor,
    draw: Draws,
) -> Motion:
    """Draw the motion of a batch.

    Args:
        config: sizes and jitters.
        box_xywh: the targets in their photos, `(B, 4)`; their shape is kept, about.
        plain: which sequences are plain pairs, `(B,)`.
        unique: which targets are shown once only, `(B,)`: they may leave or be hidden,
            while nothing else is left to be taken for them.
        draw: random numbers.
    """
    b, f = len(plain), config.n_train + config.n_test
    half_px = _draw_sizes(config, box_xywh, plain, draw)
    center_px = draw_centers(config, half_px, draw)
    moved = center_px - center_px.mean(1, keepdim=True)
    may_miss = unique[:, None] & (_is_test(config, plain.device) > 0)
    away = draw.chance(config.away_share, b, f) & may_miss
    hidden = draw.chance(config.hidden_share, b, f) & may_miss & ~plain[:, None] & ~away
    hidden &= b > 1  # what covers a target comes from a neighbour's photo
    outside = _draw_places_outside(config.patch_size, half_px, draw)
    center_px = torch.where(away[..., None], outside, center_px)
    free = (~plain).float()[:, None]
    wild = draw.chance(0.5, b).float()[:, None]
    turn = draw.normal(0.2, b, 1) + wild * draw.uniform(-3.14, 3.14, b, 1)
    drift = draw.normal(0.12, b, f)
    angle = free * (turn + drift) + draw.normal(_PLAIN_TURN, b, f)
    bent = free[..., None] * (draw.normal(0.04, b, 1, 2) + draw.normal(0.04, b, f, 2))
    tilt = free[..., None] * (draw.normal(0.06, b, 1, 2) + draw.normal(0.04, b, f, 2))
    phase = draw.uniform(0.0, 6.28, b, 1, 2) + draw.normal(0.4, b, f, 2)
    follows = draw.uniform(0.0, 1.0, b, 1, 1)  # 0 still camera, 1 fixed to the target
    between = follows + (1 - follows) * draw.uniform(0.2, 0.8, b, 1, 1)
    size = half_px.abs().prod(-1).sqrt()
    grows = draw.chance(config.zoom_share, b)[:, None]
    zoom = torch.where(grows, size / size.mean(1, keepdim=True), 1.0)
    return Motion(
        Pose(center_px, half_px, angle, tilt, bent, phase),
        follows * moved + draw.normal(5.0, b, f, 2),
        zoom * draw.normal(0.05, b, f).exp(),
        draw.normal(0.2, b, 1) + draw.normal(0.04, b, f),
        between * moved + draw.normal(3.0, b, f, 2),
        away,
        hidden,
    )


def _is_test(config: FactoryConfig, device: torch.device) -> Tensor:
    index = torch.arange(config.n_train + config.n_test, device=device)
    return (index >= config.n_train).float()  # (F,)


def draw_zoom(config: FactoryConfig, b: int, draw: Draws) -> Tensor:
    """How much larger than usual targets are shown, `(b, F)`, around 1."""
    test = _is_test(config, draw.device)
    jitter = torch.lerp(
        torch.full_like(test, config.train_size_jitter),
        torch.full_like(test, config.test_size_jitter),
        test,
    )
    common = draw.normal(config.common_size_jitter, b, 1)
    return (common + draw.normal(1.0, b, len(test)) * jitter).exp()


def _draw_sizes(
    config: FactoryConfig, box_xywh: Tensor, plain: Tensor, draw: Draws
) -> Tensor:
    """Half sizes `(B, F, 2)` around the usual target size; some mirrored."""
    b = len(plain)
    log_size = draw_zoom(config, b, draw).log()
    test = _is_test(config, plain.device)
    f = len(test)
    log_ratio = (box_xywh[:, 2] / box_xywh[:, 3]).log()[:, None]
    thin = draw.chance(config.thin_share, b) & ~plain
    upright = 1 - 2 * draw.chance(0.5, b, 1).float()
    stretched = upright * draw.log_uniform(*_THIN, b, 1).log()
    log_ratio = torch.where(thin[:, None], stretched, log_ratio)
    stretch = draw.normal(0.15, b, 1) * torch.where(plain, 0.5, 1.0)[:, None]
    wobble = draw.normal(config.test_aspect_jitter, b, f) * (0.4 + 0.6 * test)
    log_ratio = log_ratio + stretch + wobble
    half_log = torch.stack([log_size + log_ratio / 2, log_size - log_ratio / 2], -1)
    mirror = 1 - 2 * draw.chance(0.5, b, 1).float()
    half = half_log.exp() * (config.target_size_px / 2)
    return torch.stack([half[..., 0] * mirror, half[..., 1]], -1)


def draw_centers(config: FactoryConfig, half_px: Tensor, draw: Draws) -> Tensor:
    """Draw where targets lie in their patches.

    Args:
        config: patch size and largest shift.
        half_px: half sizes of the targets, `(B, F, 2)`, patch pixels; may be negative.
        draw: random numbers.

    Returns:
        Centres, `(B, F, 2)`: near the middle to learn from, anywhere to be found.
    """
    b, f = half_px.shape[:2]
    side = config.patch_size
    test = _is_test(config, half_px.device)[:, None]
    # at most about a sixth of the target lies beyond the border
    reach = (side / 2 - 0.65 * half_px.abs()).clamp(min=config.train_shift * side)
    anywhere = draw.uniform(-1.0, 1.0, b, f, 2) * reach
    near = draw.uniform(-1.0, 1.0, b, f, 2) * (config.train_shift * side)
    return side / 2 + torch.where(test > 0, anywhere, near)


def _draw_places_outside(side: int, half_px: Tensor, draw: Draws) -> Tensor:
    """Centres `(B, F, 2)` from which no turn brings a target into the patch."""
    b, f = half_px.shape[:2]
    reach = TILE_REACH * half_px.norm(dim=-1)
    beyond = side / 2 + reach + draw.uniform(0.0, 0.3 * side, b, f)
    beyond = beyond * (1 - 2 * draw.chance(0.5, b, f).float())
    along = draw.uniform(-0.5 * side, 0.5 * side, b, f)
    crosses_x = draw.chance(0.5, b, f)[..., None]
    offset = torch.where(
        crosses_x, torch.stack([beyond, along], -1), torch.stack([along, beyond], -1)
    )
    return side / 2 + offset
