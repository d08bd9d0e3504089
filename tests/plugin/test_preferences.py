"""What a person sets, and where napari keeps it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml
from npe2 import PluginManifest

from fcot_engine.annotation import Overwrite
from fcot_engine.config import PRESETS
from fcot_engine.errors import ConfigError
from napari_fcot.preferences import CATEGORY_OF, PLUGIN, Preferences, PreferencesStore


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("device", "tpu", "device must be one of auto, cpu, cuda, mps, got 'tpu'"),
        ("preset", "huge", "preset must be one of auto, lite"),
        ("overwrite", "all", "overwrite must be one of tracked boxes, nothing"),
        ("project_place", "cloud", "project_place must be one of beside the video"),
        ("heatmap_opacity", 1.5, "heatmap_opacity must lie between 0 and 1, got 1.5"),
        ("heatmap_opacity", -0.1, "heatmap_opacity must lie between 0 and 1"),
    ],
)
def test_other_values_are_refused(name, value, words):
    with pytest.raises(ConfigError, match=words):
        Preferences(**{name: value})


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("tracked boxes", Overwrite.MACHINE), ("nothing", Overwrite.NOTHING)],
)
def test_overwrite_is_what_the_engine_calls_it(choice, expected):
    assert Preferences(overwrite=choice).overwrite_policy is expected


@pytest.mark.parametrize("stops", [True, False])
def test_cuts_are_handed_to_the_engine(stops):
    assert Preferences(stop_at_cuts=stops).propagation.stop_at_cuts is stops


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", None, id="empty"),
        pytest.param("  ", None, id="blanks"),
        pytest.param("/data/work", Path("/data/work"), id="path"),
        pytest.param("~/films", Path.home() / "films", id="home"),
    ],
)
def test_own_folder(text, expected):
    assert Preferences(project_folder=text).own_folder == expected


def test_projects_lie_beside_videos_unless_told_otherwise():
    assert Preferences().is_beside_video
    assert not Preferences(project_place="own folder").is_beside_video


OTHERS = {
    "device": "cpu",
    "preset": "paper",
    "overwrite": "nothing",
    "stop_at_cuts": False,
    "track_after_correction": False,
    "project_place": "own folder",
    "project_folder": "/data/work",
    "show_first_steps": False,
    "heatmap_opacity": 0.25,
    "classes": "car, bird",
    "class_colours": True,
    "frame_step": 25,
    "keys": "draw_box=Shift+D",
}
"""Something that is no default, for each preference."""


@pytest.fixture
def manifest(repository):
    return PluginManifest.from_file(repository / "napari.yaml")


@pytest.fixture
def settings(plugin_settings, npe2pm, manifest):
    """napari's real settings of the plugin, in a folder of the test."""
    from napari.settings import get_plugin_settings

    npe2pm.register(manifest)
    return get_plugin_settings(PLUGIN)


@pytest.fixture
def store(settings):
    store = PreferencesStore()
    yield store
    store.close()


@pytest.fixture
def told(store):
    told = []
    store.changed.connect(told.append)
    return told


def read_file(settings):
    return yaml.safe_load(settings.config_path.read_text())


class TestManifest:
    """The manifest and the dataclass say the same."""

    @staticmethod
    def property_of(manifest, name):
        page = manifest.contributions.configurations[CATEGORY_OF[name]]
        return page.properties[name]

    def test_nothing_is_missing_on_either_side(self, manifest):
        pages = manifest.contributions.configurations
        there = {key: name for name, page in pages.items() for key in page.properties}
        assert there == CATEGORY_OF
        assert set(there) == {field.name for field in fields(Preferences)}

    @pytest.mark.parametrize("field", fields(Preferences), ids=lambda one: one.name)
    def test_defaults_are_the_same(self, manifest, field):
        default = self.property_of(manifest, field.name).default
        assert default == field.default and type(default) is type(field.default)

    @pytest.mark.parametrize("name", ["device", "overwrite", "project_place"])
    def test_choices_are_the_same(self, manifest, name):
        choices = get_args(get_type_hints(Preferences)[name])
        assert self.property_of(manifest, name).enum == list(choices)

    def test_every_preset_can_be_chosen(self, manifest):
        assert self.property_of(manifest, "preset").enum == ["auto", *PRESETS]


class TestWithNapari:
    def test_nothing_set_gives_defaults(self, store):
        assert store.load() == Preferences()

    @pytest.mark.parametrize("name", OTHERS)
    def test_what_is_set_is_in_napari_and_on_the_disk(self, store, settings, name):
        store.change(**{name: OTHERS[name]})
        assert getattr(getattr(settings, CATEGORY_OF[name]), name) == OTHERS[name]
        assert read_file(settings) == {CATEGORY_OF[name]: {name: OTHERS[name]}}

    @pytest.mark.parametrize("name", OTHERS)
    def test_what_is_set_on_the_page_is_loaded_and_told(
        self, store, settings, told, name
    ):
        store.load()
        setattr(getattr(settings, CATEGORY_OF[name]), name, OTHERS[name])
        assert store.load() == Preferences(**{name: OTHERS[name]})
        assert told == [store.load()]

    def test_all_at_once_is_told_once(self, store, told):
        assert store.change(**OTHERS) == Preferences(**OTHERS)
        assert told == [Preferences(**OTHERS)]

    def test_the_same_again_is_not_told(self, store, told):
        store.change(**OTHERS)
        store.change(**OTHERS)
        assert len(told) == 1

    def test_next_session_finds_what_was_set(self, store, settings):
        from napari import settings as napari_settings

        store.change(**OTHERS)
        napari_settings._clear_plugin_settings_cache()  # as after a restart
        again = PreferencesStore()
        assert again.load() == Preferences(**OTHERS)
        again.close()

    def test_plugins_that_come_and_go_do_not_part_us(self, store, told):
        from napari import settings as napari_settings

        store.load()
        napari_settings._clear_plugin_settings_cache()
        store.load()
        napari_settings.get_plugin_settings(PLUGIN).panel.show_first_steps = False
        assert told == [Preferences(show_first_steps=False)]

    def test_wrong_value_sets_nothing(self, store, settings, told):
        with pytest.raises(ConfigError, match="device must be one of"):
            store.change(device="tpu", show_first_steps=False)
        assert store.load() == Preferences() and told == []
        assert not settings.config_path.exists()

    def test_closed_store_is_silent(self, store, settings, told):
        store.load()
        store.close()
        settings.panel.show_first_steps = False
        assert told == []

    @pytest.mark.filterwarnings("ignore:Could not resolve type hint")  # napari's own
    def test_page_of_napari_shows_and_sets_them(self, qtbot, store, settings):
        from napari._qt.dialogs.preferences_dialog import PreferencesDialog
        from napari._vendor.qt_json_builder.qt_jsonschema_form import widgets

        dialog = PreferencesDialog()
        qtbot.addWidget(dialog)
        pages = [dialog._list.item(row).text() for row in range(dialog._list.count())]
        page = dialog._stack.widget(pages.index("FCOT box tracker"))
        (box,) = [
            one
            for one in page.findChildren(widgets.EnumSchemaWidget)
            if one.findText("cuda") >= 0
        ]
        box.setCurrentIndex(box.findText("cuda"))
        assert store.load().device == "cuda"


class TestWithoutNapari:
    def test_unknown_plugin_keeps_preferences_for_the_session(self, plugin_settings):
        store = PreferencesStore()  # npe2 knows no plugin here
        assert store.load() == Preferences()
        assert store.change(**OTHERS) == store.load() == Preferences(**OTHERS)

    def test_older_napari_keeps_them_too(self, monkeypatch):
        import napari.settings

        monkeypatch.delattr(napari.settings, "get_plugin_settings")
        store = PreferencesStore()
        store.change(heatmap_opacity=0.5)
        assert store.load().heatmap_opacity == 0.5

    def test_changes_are_told(self):
        store, told = PreferencesStore.in_memory(), []
        store.changed.connect(told.append)
        store.change(preset="paper")
        assert told == [Preferences(preset="paper")]

    def test_store_in_memory_leaves_napari_alone(self, settings):
        PreferencesStore.in_memory().change(**OTHERS)
        assert settings.panel.show_first_steps
        assert not settings.config_path.exists()

    def test_wrong_value_is_refused(self):
        with pytest.raises(ConfigError, match="heatmap_opacity"):
            PreferencesStore.in_memory().change(heatmap_opacity=2)
