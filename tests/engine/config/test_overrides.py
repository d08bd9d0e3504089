from __future__ import annotations

from dataclasses import dataclass, fields, replace

import pytest

from fcot_engine.config import TrackerConfig, apply_settings
from fcot_engine.config.overrides import _change
from fcot_engine.errors import ConfigError

DEFAULT = TrackerConfig()


@dataclass(frozen=True, kw_only=True)
class Part:
    is_on: bool = False
    pair: tuple[int, float] = (1, 2.0)
    many: tuple[float, ...] = ()
    limit: float | None = 1.0


def change(name, value):
    return getattr(_change(Part(), {name: value}, prefix=""), name)


class TestApplySettings:
    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            pytest.param("regression.blend", "0.6", 0.6, id="float_text"),
            pytest.param("regression.blend", 1, 1.0, id="float_from_int"),
            pytest.param("regression.update_interval", "8", 8, id="int_text"),
            pytest.param("regression.update_interval", 8.0, 8, id="int_from_float"),
            pytest.param("regression.online_update", "trad", "trad", id="choice"),
        ],
    )
    def test_value_is_read_by_the_type_of_the_setting(self, name, value, expected):
        section, field = name.split(".")
        read = getattr(getattr(apply_settings(DEFAULT, {name: value}), section), field)
        assert read == expected and type(read) is type(expected)

    def test_only_named_settings_change(self):
        changed = apply_settings(DEFAULT, {"regression.blend": "0.6"})
        regression = replace(DEFAULT.regression, blend=0.6)
        assert changed == replace(DEFAULT, regression=regression)
        assert changed.search is DEFAULT.search

    def test_nothing_to_change_gives_the_same(self):
        assert apply_settings(DEFAULT, {}) is DEFAULT

    @pytest.mark.parametrize(
        ("name", "closest"),
        [
            ("regression.blnd", "regression.blend"),
            ("blend", "regression.blend"),
            ("regresion.blend", "regression.blend"),
        ],
    )
    def test_unknown_name_is_told_the_closest(self, name, closest):
        with pytest.raises(ConfigError, match=rf"no setting '{name}'.*{closest}"):
            apply_settings(DEFAULT, {name: "1"})

    def test_same_field_of_other_sections_is_named(self):
        with pytest.raises(ConfigError) as caught:
            apply_settings(DEFAULT, {"search.learned_gain": "1"})
        assert "classification.learned_gain" in str(caught.value)
        assert "regression.learned_gain" in str(caught.value)

    def test_name_like_no_other_is_told_the_sections(self):
        with pytest.raises(ConfigError, match=r"SECTION\.FIELD.*scale, search"):
            apply_settings(DEFAULT, {"qqqqqqqq": "1"})

    def test_section_alone_is_no_setting(self):
        with pytest.raises(ConfigError, match="no setting 'regression'"):
            apply_settings(DEFAULT, {"regression": "1"})

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("regression.blend", "much", "must be a number, got 'much'"),
            ("regression.blend", "nan", "must be a number, got 'nan'"),
            ("regression.blend", True, "must be a number, got True"),
            ("regression.blend", "1.5", "must be from 0 to 1, got 1.5"),
            ("regression.update_interval", "8.5", "must be a whole number"),
            ("regression.update_interval", 8.5, "must be a whole number"),
            ("regression.update_interval", "inf", "must be a whole number"),
            ("regression.update_interval", float("inf"), "must be a whole number"),
            ("regression.online_update", "dimp", "one of off, rmg, trad, got 'dimp'"),
        ],
    )
    def test_bad_value_is_named(self, name, value, message):
        with pytest.raises(ConfigError, match=message) as caught:
            apply_settings(DEFAULT, {name: value})
        assert str(caught.value).startswith(name)


class TestOtherTypes:
    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("is_on", "yes", True),
            ("is_on", "False", False),
            ("is_on", True, True),
            ("pair", "3,4", (3, 4.0)),
            ("pair", [3, 4.5], (3, 4.5)),
            ("many", "1,2,3", (1.0, 2.0, 3.0)),
            ("limit", "none", None),
            ("limit", "0.5", 0.5),
        ],
    )
    def test_value(self, name, value, expected):
        assert change(name, value) == expected

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("is_on", "maybe", "is_on must be true or false"),
            ("pair", "3", "pair must be 2 values"),
            ("pair", "3.5,4", "pair must be a whole number"),
        ],
    )
    def test_bad_value(self, name, value, message):
        with pytest.raises(ConfigError, match=message):
            change(name, value)


def test_every_setting_can_be_named_and_read_from_its_text():
    for section in fields(DEFAULT):
        for field in fields(getattr(DEFAULT, section.name)):
            value = getattr(getattr(DEFAULT, section.name), field.name)
            changes = {f"{section.name}.{field.name}": str(value)}
            assert apply_settings(DEFAULT, changes) == DEFAULT
