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
    used = [*told.widgets, *told.readers, *told.writers, *told.sample_data]
    used += [item for items in told.menus.values() for item in items]
    assert {item.command for item in used} == commands


def test_menus_can_be_contributed_to(manifest):
    assert set(manifest.contributions.menus) <= {
        str(menu) for menu in napari_menus.MenuId.contributables()
    }


def test_readers_are_offered_what_they_take(manifest):
    from napari_fcot.reader import (
        BOXES_ENDS,
        PROJECT_SUFFIX,
        STACK_SUFFIXES,
        VIDEO_SUFFIXES,
    )

    reader, projects, boxes = manifest.contributions.readers
    assert projects.filename_patterns == [f"*{PROJECT_SUFFIX}"]
    assert boxes.filename_patterns == [f"*{end}" for end in BOXES_ENDS]
    wanted = {f"*{end}" for end in (*VIDEO_SUFFIXES, *STACK_SUFFIXES)}
    assert set(reader.filename_patterns) == wanted
    assert reader.accepts_directories
