"""Fixed features: oriented gradients, texture and colour in cells of 4x4 pixels.

They need no training, and give the filters that are learned online something to hold
on to from the first sample. Gradients of the strongest colour channel are binned by
18 signed and 9 unsigned orientations, pooled in cells and normalised by the energy of
the four blocks around each cell (Dalal and Triggs 2005; Felzenszwalb et al. 2010);
colour is a soft assignment to a dozen named colours.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_ORIENTATIONS = 18
_CLIP = 0.2  # a block's share above which one orientation counts no more
_COLOUR_SPREAD = 0.03
_LEAST_VARIANCE = 1e-6
_COLOURS = (
    (0.0, 0.0, 0.0),  # black
    (0.5, 0.5, 0.5),  # gray
    (1.0, 1.0, 1.0),  # white
    (0.8, 0.1, 0.1),  # red
    (0.9, 0.5, 0.1),  # orange
    (0.9, 0.85, 0.2),  # yellow
    (0.2, 0.6, 0.2),  # green
    (0.2, 0.7, 0.75),  # cyan
    (0.15, 0.2, 0.7),  # blue
    (0.55, 0.2, 0.6),  # purple
    (0.9, 0.6, 0.7),  # pink
    (0.4, 0.25, 0.1),  # brown
)


class GradientFeatures(nn.Module):
    """RGB patches to 43 normalised channels at stride 4, nothing learned.

    The buffers `mean` and `std` bring each channel to zero mean, and each group of
    channels to unit deviation, on photos; they are measured once before training
    and kept in the weights. Channels of a group share one deviation: blowing a rare
    colour or direction up to the power of a common one makes target filters slow to
    learn.
    """

    GROUPS = (_ORIENTATIONS, _ORIENTATIONS // 2, 4, len(_COLOURS))
    """Channels of signed and unsigned orientation, texture and colour."""
    CHANNELS = sum(GROUPS)

    mean: Tensor
    std: Tensor
    colours: Tensor
    bins: Tensor

    def __init__(self, *, cell_px: int = 4) -> None:
        super().__init__()
        self.cell_px = cell_px
        self.register_buffer("mean", torch.zeros(1, self.CHANNELS, 1, 1))
        self.register_buffer("std", torch.ones(1, self.CHANNELS, 1, 1))
        colours = torch.tensor(_COLOURS).view(1, -1, 3, 1, 1)
        self.register_buffer("colours", colours, persistent=False)
        bins = torch.arange(float(_ORIENTATIONS)).view(1, -1, 1, 1)
        self.register_buffer("bins", bins, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Compute normalised features.

        Args:
            images: `(N, 3, S, S)` RGB in [0, 1], S a multiple of 4.

        Returns:
            `(N, 43, S / 4, S / 4)`; cell i covers pixels [4 i, 4 i + 4).
        """
        scale = 1 / self.std
        return torch.addcmul(-self.mean * scale, self.measure(images), scale)

    def measure(self, images: Tensor) -> Tensor:
        """Compute the features before normalisation, same shapes as `forward`."""
        signed = self._orientation_cells(images)  # (N, 18, h, w)
        half = _ORIENTATIONS // 2
        unsigned = signed[:, :half] + signed[:, half:]
        both = torch.cat([signed, unsigned], 1)
        blocks = [(both * gain).clamp_(max=_CLIP) for gain in _block_gains(unsigned)]
        texture = [block[:, _ORIENTATIONS:].sum(1, keepdim=True) for block in blocks]
        total, *others = blocks
        for other in others:
            total += other
        parts = [total.mul_(0.5), *(part.mul_(0.2357) for part in texture)]
        return torch.cat([*parts, self._colour_cells(images)], 1)

    @property
    def has_statistics(self) -> bool:
        """Whether mean and deviation were measured; looks at the buffers."""
        return bool((self.std != 1).any())

    def set_statistics_(self, mean: Tensor, variance: Tensor) -> None:
        """Take over what `measure` gives on photos.

        Args:
            mean: of each channel, 43 numbers.
            variance: of each channel, 43 numbers; a group's deviation is the root of
                its mean variance.
        """
        deviations = [
            part.mean().clamp(min=_LEAST_VARIANCE).sqrt().expand(len(part))
            for part in variance.flatten().split(self.GROUPS)
        ]
        self.mean.copy_(mean.view_as(self.mean))
        self.std.copy_(torch.cat(deviations).view_as(self.std))

    def _orientation_cells(self, images: Tensor) -> Tensor:
        """Gradient magnitude by direction, each pixel shared by two bins."""
        power, dx, dy = _strongest_gradient(images)
        direction = torch.atan2(dy, dx).mul_(_ORIENTATIONS / (2 * math.pi))
        if images.device.type == "cpu":
            return self._sum_by_bin(direction, power.sqrt())
        direction += (direction < 0) * float(_ORIENTATIONS)
        # scattered sums of a GPU come in another order each time
        weights = (direction[:, None] - self.bins).abs_().neg_().add_(1).clamp_(min=0)
        # directions are a circle: behind the last bin comes the first one again
        weights[:, 0] += (direction - (_ORIENTATIONS - 1)).clamp_(min=0)
        return F.avg_pool2d(weights.mul_(power.sqrt_()[:, None]), self.cell_px)

    def _sum_by_bin(self, direction: Tensor, magnitude: Tensor) -> Tensor:
        """Add each pixel to the two bins next to its direction, in its cell.

        Args:
            direction: `(N, S, S)` in bins, -9 to 9; negative ones lie behind 9.
            magnitude: `(N, S, S)`, overwritten.

        Returns:
            Means over the pixels of a cell, `(N, 18, S / 4, S / 4)`.
        """
        n, height, width = direction.shape
        rows, columns = height // self.cell_px, width // self.cell_px
        half = _ORIENTATIONS // 2
        n_cells, n_bins = rows * columns, _ORIENTATIONS + 2  # from -9 to 10
        lower = direction.floor()
        upper_part = (direction - lower).mul_(magnitude)
        lower_part = magnitude.sub_(upper_part)
        row = torch.arange(height).div_(self.cell_px, rounding_mode="floor")
        column = torch.arange(width).div_(self.cell_px, rounding_mode="floor")
        first = torch.arange(n)[:, None, None] * (n_bins * n_cells)
        place = lower.add_(half).long().mul_(n_cells)
        place = place.add_(first + row[:, None] * columns + column).flatten()
        sums = magnitude.new_zeros(n * n_bins * n_cells)
        sums.scatter_add_(0, place, lower_part.flatten())
        sums.scatter_add_(0, place + n_cells, upper_part.flatten())
        bins = sums.mul_(1 / self.cell_px**2).view(n, n_bins, rows, columns)
        # directions are a circle: 9 and 10 are -9 and -8
        bins[:, :2] += bins[:, _ORIENTATIONS:]
        return torch.cat([bins[:, half:_ORIENTATIONS], bins[:, :half]], 1)

    def _colour_cells(self, images: Tensor) -> Tensor:
        mean = F.avg_pool2d(images, self.cell_px)
        colours = self.colours[0, :, :, 0, 0]  # (12, 3)
        # of the squared distance the part that differs between colours
        nearness = torch.einsum("kc,nchw->nkhw", 2 * colours, mean)
        nearness = nearness - colours.square().sum(1)[:, None, None]
        return torch.softmax(nearness / _COLOUR_SPREAD, dim=1)


def _strongest_gradient(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Squared length, x and y of the gradient in the strongest colour, `(N, S, S)`."""
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    dx = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    dy = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    power = (dx * dx).add_(dy * dy)
    best, best_x, best_y = power[:, 0], dx[:, 0], dy[:, 0]
    for colour in range(1, images.shape[1]):
        # a third of the time that `max` and `gather` take
        is_stronger = (power[:, colour] > best).float()
        best = torch.maximum(best, power[:, colour])
        best_x = torch.lerp(best_x, dx[:, colour], is_stronger)
        best_y = torch.lerp(best_y, dy[:, colour], is_stronger)
    return best, best_x, best_y


def _block_gains(unsigned: Tensor) -> list[Tensor]:
    """One over the energy of the four 2x2 blocks that contain each cell."""
    energy = unsigned.square().sum(1, keepdim=True)
    height, width = energy.shape[2:]
    blocks = F.avg_pool2d(F.pad(energy, (1, 1, 1, 1), mode="replicate"), 2, 1) * 4
    gains = (blocks + 1e-3).rsqrt()
    return [
        gains[:, :, top : top + height, left : left + width]
        for top in (0, 1)
        for left in (0, 1)
    ]
