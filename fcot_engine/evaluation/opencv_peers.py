"""OpenCV's trackers, to measure ours against; OpenCV is no dependency."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import ConfigError
from fcot_engine.geometry import BoxXywh

NANO_FILES = ("nanotrack_backbone_sim.onnx", "nanotrack_head_sim.onnx")
"""Networks of NanoTrack v2, backbone and head."""

_CLASS_OF = {"csrt": "TrackerCSRT", "nano": "TrackerNano"}
_INSTALL = "Install it: pip install opencv-contrib-python-headless."


class OpenCvPeer:
    """One tracker of OpenCV on one target; a `speed.Peer`."""

    def __init__(self, cv2: Any, make: Callable[[], Any]) -> None:
        self._cv2 = cv2
        self._make = make
        self._tracker: Any = None

    def prepare(self, frame_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the frame as OpenCV reads it: BGR, in one piece."""
        return np.ascontiguousarray(frame_rgb[..., ::-1])

    def start(self, frame_bgr: NDArray[np.uint8], box_xywh: BoxXywh) -> None:
        """Start anew on a box in image pixels, cut at the frame's border."""
        height, width = frame_bgr.shape[:2]
        x, y, w, h = (round(value) for value in box_xywh)
        left, top = min(max(x, 0), width - 2), min(max(y, 0), height - 2)
        right, bottom = (
            min(max(x + w, left + 2), width),
            min(max(y + h, top + 2), height),
        )
        self._tracker = self._make()
        self._tracker.init(frame_bgr, (left, top, right - left, bottom - top))

    def track(self, frame_bgr: NDArray[np.uint8]) -> BoxXywh | None:
        """Return its box in image pixels, None where it did not find the target."""
        try:
            is_found, box = self._tracker.update(frame_bgr)
        except self._cv2.error:  # some raise when the target has left the frame
            return None
        if not is_found:
            return None
        x, y, w, h = (float(value) for value in box)
        return x, y, w, h


def find_peers(
    names: Sequence[str], *, nano_model: Path | None = None
) -> Mapping[str, Callable[[], OpenCvPeer]]:
    """Find trackers by name: "csrt" (CSRT) and "nano" (NanoTrack v2).

    Args:
        names: which ones.
        nano_model: folder with `NANO_FILES`.

    Raises:
        ConfigError: an unknown name; OpenCV, its class or the files are not there.
    """
    unknown = [name for name in names if name not in _CLASS_OF]
    if unknown:
        raise ConfigError(
            f"There is no tracker {unknown[0]!r} to measure against; choose from: "
            f"{', '.join(_CLASS_OF)}."
        )
    if not names:
        return {}
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        raise ConfigError(f"OpenCV is not installed. {_INSTALL}") from error
    peers = {}
    for name in names:
        create = _find_create(cv2, _CLASS_OF[name])
        if name == "nano":
            create = functools.partial(create, _describe_nano(cv2, nano_model))
        peers[name] = functools.partial(OpenCvPeer, cv2, create)
    return peers


def _find_create(cv2: Any, class_name: str) -> Callable[..., Any]:
    """Find what makes a tracker: it lies in other places in other versions."""
    for module in (cv2, getattr(cv2, "legacy", None)):
        create = getattr(module, f"{class_name}_create", None)
        if create is None:
            create = getattr(getattr(module, class_name, None), "create", None)
        if create is not None:
            found: Callable[..., Any] = create
            return found
    raise ConfigError(
        f"The OpenCV that is installed ({cv2.__version__}) has no {class_name}. "
        f"{_INSTALL} Remove other packages of OpenCV first."
    )


def _describe_nano(cv2: Any, folder: Path | None) -> Any:
    if folder is None:
        raise ConfigError(
            "NanoTrack needs its networks: name the folder that holds "
            f"{' and '.join(NANO_FILES)} with --nano-model."
        )
    backbone, head = (folder / name for name in NANO_FILES)
    for path in (backbone, head):
        if not path.is_file():
            raise ConfigError(f"There is no file {path}, which NanoTrack needs.")
    params = cv2.TrackerNano_Params()
    params.backbone, params.neckhead = str(backbone), str(head)
    return params
