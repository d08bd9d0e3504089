"""Everything that the manifest promises is there."""

from __future__ import annotations

import napari._app_model.constants as napari_menus
import pytest
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name


@pytest.fixture
def manifest(repository):
    return PluginManifest.from_file(repository / "napari.yaml")


def test_every_command_can_be_imported(manifest):
    for command in manifest.contributions.commands:
        assert callable(import_python_name(command.python_name))


def test_every_contribution_names_a_command(manifest):
    told = manifest.contributions
    commands = {command.id for command in told.commands}
    used = [*told.widgets, *told.readers, *told.sample_data]
    used += [item for items in told.menus.values() for item in items]
    assert {item.command for item in used} == commands


def test_menus_can_be_contributed_to(manifest):
    assert set(manifest.contributions.menus) <= {
        str(menu) for menu in napari_menus.MenuId.contributables()
    }


def test_readers_are_offered_what_they_take(manifest):
    from napari_fcot.reader import PROJECT_SUFFIX, VIDEO_SUFFIXES

    reader, projects = manifest.contributions.readers
    assert projects.filename_patterns == [f"*{PROJECT_SUFFIX}"]
    assert sorted(reader.filename_patterns) == sorted(f"*{s}" for s in VIDEO_SUFFIXES)
