"""L2 normalisation of whole feature maps."""

from __future__ import annotations

import math

from torch import Tensor, nn

from fcot_engine.checks import check_ndim

__all__ = ["InstanceL2Norm", "instance_l2_norm"]


def instance_l2_norm(features: Tensor, *, scale: float, eps: float = 1e-5) -> Tensor:
    """Scale each map so that its root mean square is `scale`.

    The norm is taken over channels, rows and columns of one image together, so
    differences between channels and between places stay.

    Args:
        features: shape `(N, C, H, W)`.
        scale: root mean square of the result.
        eps: added to the sum of squares; an all-zero map stays zero.

    Returns:
        Shape `(N, C, H, W)`.

    Raises:
        ShapeError: features are not `(N, C, H, W)`.

    Example:
        >>> import torch
        >>> instance_l2_norm(torch.tensor([[[[3.0, -4.0]]]]), scale=5.0)
        tensor([[[[ 4.2426, -5.6569]]]])
    """
    check_ndim(features, 4, name="features", layout="N, C, H, W")
    squares = features.square().sum(dim=(1, 2, 3), keepdim=True)  # (N, 1, 1, 1)
    count = math.prod(features.shape[1:])
    return features * (scale * (count / (squares + eps)).sqrt())


class InstanceL2Norm(nn.Module):
    """`instance_l2_norm` as a layer; it learns nothing."""

    def __init__(self, scale: float, *, eps: float = 1e-5) -> None:
        """Make the layer.

        Args:
            scale: root mean square of the result.
            eps: added to the sum of squares.
        """
        super().__init__()
        self.scale = scale
        self.eps = eps

    @classmethod
    def for_filter(
        cls, channels: int, filter_size: int, *, gain: float = 1.0
    ) -> InstanceL2Norm:
        """Norm for features that a `channels x filter_size x filter_size` filter reads.

        With `scale = sqrt(gain / (channels * filter_size^2))` the patch under the
        filter has an expected squared norm of `gain`, whatever the sizes.
        """
        return cls(math.sqrt(gain / (channels * filter_size**2)))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise `(N, C, H, W)`."""
        return instance_l2_norm(features, scale=self.scale, eps=self.eps)

    def extra_repr(self) -> str:
        """Show the scale when printed."""
        return f"scale={self.scale:.6g}"
