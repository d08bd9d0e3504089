"""What a person sets once, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from fcot_engine.annotation import Overwrite, PropagationConfig
from fcot_engine.config import PRESETS
from fcot_engine.errors import ConfigError

__all__ = ["Device", "OverwriteChoice", "Preferences", "ProjectChoice"]

Device = Literal["auto", "cpu", "cuda", "mps"]
ProjectChoice = Literal["beside the video", "own folder"]
OverwriteChoice = Literal["tracked boxes", "nothing"]


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """The choices are written as napari's page shows them.

    Defaults and choices stand in the manifest, too; a test holds both together.
    """

    device: Device = "auto"
    """Where the tracker computes; auto takes a GPU if there is one."""
    preset: str = "auto"
    """Which network: the name of a preset of the engine, or the best for the device."""
    overwrite: OverwriteChoice = "tracked boxes"
    """What tracking may replace; never a box that a person drew."""
    stop_at_cuts: bool = True
    """Whether tracking ends where a new shot begins."""
    track_after_correction: bool = True
    """Whether a correction is carried to the frames around it at once."""
    project_place: ProjectChoice = "beside the video"
    """Where work is saved."""
    project_folder: str = ""
    """The folder for `own folder`; empty for one that the plugin chooses."""
    show_first_steps: bool = True
    """Whether the panel shows what to do first."""
    heatmap_opacity: float = 1.0
    """Of the heatmap, from 0 to 1, when it is first shown."""

    def __post_init__(self) -> None:
        _check_choice("device", self.device, get_args(Device))
        _check_choice("preset", self.preset, ("auto", *PRESETS))
        _check_choice("overwrite", self.overwrite, get_args(OverwriteChoice))
        _check_choice("project_place", self.project_place, get_args(ProjectChoice))
        if not 0 <= self.heatmap_opacity <= 1:
            raise ConfigError(
                f"heatmap_opacity must lie between 0 and 1, got {self.heatmap_opacity}."
            )

    @property
    def is_beside_video(self) -> bool:
        """Whether a project lies beside its video."""
        return self.project_place == "beside the video"

    @property
    def own_folder(self) -> Path | None:
        """The folder for projects, or None if the plugin is to choose one."""
        text = self.project_folder.strip()
        return Path(text).expanduser() if text else None

    @property
    def overwrite_policy(self) -> Overwrite:
        """What tracking may replace, as the engine calls it."""
        is_all = self.overwrite == "tracked boxes"
        return Overwrite.MACHINE if is_all else Overwrite.NOTHING

    @property
    def propagation(self) -> PropagationConfig:
        """How boxes are carried, as the engine takes it."""
        return PropagationConfig(stop_at_cuts=self.stop_at_cuts)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, got {value!r}.")
