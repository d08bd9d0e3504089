"""What a person sets once, on napari's own page for preferences."""

from __future__ import annotations

from napari_fcot.preferences.preferences import Preferences
from napari_fcot.preferences.preferences_store import PreferencesStore

__all__ = [
    "Preferences",
    "PreferencesStore",
]
