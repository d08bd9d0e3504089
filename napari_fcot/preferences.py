"""What a person sets once, on napari's own page for preferences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from psygnal import Signal

from fcot_engine.annotation import Overwrite, PropagationConfig
from fcot_engine.config import PRESETS
from fcot_engine.errors import ConfigError

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
    classes: str = ""
    """Classes in the order of the digit keys, with commas between them."""
    class_colours: bool = False
    """Whether targets take the colour of their class when they get one."""
    frame_step: int = 10
    """Frames that a step on or back goes."""
    keys: str = ""
    """Keys that a person has changed, as `KeyTable.to_text` writes them."""
    heatmap_opacity: float = 1.0
    """Of the heatmap, from 0 to 1, when it is first shown."""

    def __post_init__(self) -> None:
        _check_choice("device", self.device, get_args(Device))
        _check_choice("preset", self.preset, ("auto", *PRESETS))
        _check_choice("overwrite", self.overwrite, get_args(OverwriteChoice))
        _check_choice("project_place", self.project_place, get_args(ProjectChoice))
        if self.frame_step < 1:
            raise ConfigError(f"frame_step must be 1 or more, got {self.frame_step}.")
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


PLUGIN = "napari-fcot"
CATEGORY_OF = {
    "device": "tracking",
    "preset": "tracking",
    "overwrite": "tracking",
    "stop_at_cuts": "tracking",
    "track_after_correction": "tracking",
    "project_place": "projects",
    "project_folder": "projects",
    "show_first_steps": "panel",
    "heatmap_opacity": "panel",
    "classes": "panel",
    "class_colours": "panel",
    "frame_step": "panel",
    "keys": "panel",
}
"""The heading on napari's page that a preference stands under."""


def find_settings() -> Any:
    """Return napari's settings of this plugin, or None if it has none."""
    try:
        from napari.settings import get_plugin_settings

        return get_plugin_settings(PLUGIN)
    except (ImportError, KeyError):  # before 0.9, or our manifest is not there
        return None


class PreferencesStore:
    """What a person has set, here or on napari's page.

    Where napari does not know our page, such as in a viewer without our manifest or in
    a napari before 0.9, preferences last as long as the store.

    Args:
        find_settings: returns napari's settings of the plugin, or None.
    """

    changed = Signal(object)
    """Something was set, here or on napari's page: all `Preferences`."""

    def __init__(self, find_settings: Callable[[], Any] = find_settings) -> None:
        self._find_settings = find_settings
        self._settings: Any = None
        self._kept = Preferences()
        self._is_writing = False

    @classmethod
    def in_memory(cls) -> PreferencesStore:
        """Make a store that neither reads nor writes anything, such as for a test."""
        return cls(lambda: None)

    def load(self) -> Preferences:
        """Return what is set now."""
        settings = self._follow()
        if settings is None:
            return self._kept
        return Preferences(
            **{
                name: getattr(getattr(settings, category), name)
                for name, category in CATEGORY_OF.items()
            }
        )

    def change(self, **changes: Any) -> Preferences:
        """Set some preferences, for good, and return all of them.

        Raises:
            ConfigError: a value is none of the choices; then nothing is set.
        """
        before = self.load()
        wanted = replace(before, **changes)
        if wanted == before:
            return wanted
        self._kept = wanted
        self._write(before, wanted)
        self.changed.emit(wanted)
        return wanted

    def close(self) -> None:
        """Let go of napari's settings."""
        if self._settings is not None:
            self._settings.events.changed.disconnect(self._on_changed)
        self._settings = None
        self._find_settings = _find_nothing

    def _write(self, before: Preferences, wanted: Preferences) -> None:
        if self._settings is None:
            return
        self._is_writing = True
        try:
            for field in fields(Preferences):
                value = getattr(wanted, field.name)
                if value != getattr(before, field.name):
                    category = getattr(self._settings, CATEGORY_OF[field.name])
                    setattr(category, field.name, value)
        finally:
            self._is_writing = False

    def _follow(self) -> Any:
        """Return napari's settings; they are others after plugins came or went."""
        found = self._find_settings()
        if found is not self._settings:
            if self._settings is not None:
                self._settings.events.changed.disconnect(self._on_changed)
            if found is not None:
                found.events.changed.connect(self._on_changed)
            self._settings = found
        return found

    def _on_changed(self, event: object = None) -> None:
        if not self._is_writing:
            self.changed.emit(self.load())


def _find_nothing() -> None:
    return None
