"""Reads and writes preferences where napari keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from psygnal import Signal

from napari_fcot.preferences.preferences import Preferences

__all__ = ["CATEGORY_OF", "PLUGIN", "PreferencesStore", "find_settings"]

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
