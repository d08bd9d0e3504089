"""Small checks that raise with a clear message."""

from __future__ import annotations

from torch import Tensor

from fcot_engine.errors import ShapeError

__all__ = ["check_last_dim", "check_ndim"]


def check_last_dim(tensor: Tensor, size: int, *, name: str) -> None:
    """Raise `ShapeError` unless the last dimension of `tensor` is `size`."""
    if tensor.ndim == 0 or tensor.shape[-1] != size:
        raise ShapeError(
            f"{name} must have shape (*, {size}), got {tuple(tensor.shape)}."
        )


def check_ndim(tensor: Tensor, ndim: int, *, name: str, layout: str) -> None:
    """Raise `ShapeError` unless `tensor` has `ndim` dimensions, named by `layout`."""
    if tensor.ndim != ndim:
        raise ShapeError(
            f"{name} must have shape ({layout}), got {tuple(tensor.shape)}."
        )
