"""The rows of the paper's Tables I to IV, each as changed settings.

The rows of Table I without "Online-Reg" have the generator's filter alone, since its
fourth row is the first of Table II. Where a table has the whole method in it, the share
of the online model (lambda) is that of the preset, 0.6 in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fcot_engine.config import SettingValue, TrackerConfig
from fcot_engine.errors import ConfigError
from fcot_engine.evaluation.ablated_net import Ablation

__all__ = ["TABLES", "AblationRow", "AblationTable", "choose_tables"]


@dataclass(frozen=True)
class AblationRow:
    """One line of a table."""

    cells: tuple[str, ...]
    """What stands left of the figures."""
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    """Changes that make the row, by name."""
    ablation: Ablation = field(default_factory=Ablation)
    """Detail that is taken from the features."""
    is_coarse_alone: bool = False
    """Whether the coarse classifier has the weight of both. The thresholds, which are
    about the fused score, keep their meaning."""

    def find_settings(self, base: TrackerConfig) -> dict[str, SettingValue]:
        """Return all changes that make the row of some settings, by name."""
        changes = dict(self.settings)
        if self.is_coarse_alone:
            both = base.localisation.coarse_weight + base.localisation.fine_weight
            changes |= {
                "localisation.coarse_weight": both,
                "localisation.fine_weight": 0.0,
            }
        return changes


@dataclass(frozen=True)
class AblationTable:
    """One table of the paper."""

    name: str
    title: str
    columns: tuple[str, ...]
    """Above the cells."""
    rows: tuple[AblationRow, ...]


_CHECK = "x"
_STATIC: dict[str, SettingValue] = {"regression.online_update": "off"}
_GENERATOR_ALONE = _STATIC | {"regression.static_model": "generated"}


def _online(share: float, update: str) -> dict[str, SettingValue]:
    """Settings for one lambda; without an online model where it is 0."""
    if share == 0:
        return _STATIC
    return {"regression.online_update": update, "regression.blend": share}


_TABLE_1 = AblationTable(
    "I",
    "Parts of the framework",
    ("Reg-2S", "Cls-2S", "UP", "Online-Reg"),
    (
        AblationRow(
            ("", "", "", ""),
            _GENERATOR_ALONE,
            Ablation(regression_stride=16),
            is_coarse_alone=True,
        ),
        AblationRow(
            (_CHECK, "", "", ""),
            _GENERATOR_ALONE,
            Ablation(regression_stride=8),
            is_coarse_alone=True,
        ),
        AblationRow(
            (_CHECK, _CHECK, "", ""),
            _GENERATOR_ALONE,
            Ablation(fine_stride=8, regression_stride=8),
        ),
        AblationRow((_CHECK, _CHECK, _CHECK, ""), _GENERATOR_ALONE),
        AblationRow((_CHECK, _CHECK, _CHECK, _CHECK)),
    ),
)

_TABLE_2 = AblationTable(
    "II",
    "Online regression model generator",
    ("Init-Filter", "Init-Rect", "Online"),
    (
        AblationRow((_CHECK, "", ""), _GENERATOR_ALONE),
        AblationRow((_CHECK, _CHECK, ""), _STATIC),
        AblationRow(("", "", _CHECK), _online(1.0, "rmg")),
        AblationRow((_CHECK, _CHECK, _CHECK)),
    ),
)

_TABLE_3 = AblationTable(
    "III",
    "Updating mechanism of the regression model",
    ("lambda", "Type"),
    (
        AblationRow(("0.0", "Neither"), _online(0.0, "rmg")),
        *(
            AblationRow((f"{share:.1f}", name), _online(share, update))
            for share in (0.2, 0.4, 0.6, 0.8, 1.0)
            for name, update in (("Trad", "trad"), ("Ours", "rmg"))
        ),
    ),
)

_TABLE_4 = AblationTable(
    "IV",
    "Share lambda of the online regression model",
    ("lambda",),
    tuple(
        AblationRow((f"{tenths / 10:.1f}",), _online(tenths / 10, "rmg"))
        for tenths in range(11)
    ),
)

TABLES = (_TABLE_1, _TABLE_2, _TABLE_3, _TABLE_4)
"""In the paper's order."""


def choose_tables(name: str) -> tuple[AblationTable, ...]:
    """Return the tables of a name: "I" to "IV", or "all".

    Raises:
        ConfigError: there is none of that name.
    """
    if name.lower() == "all":
        return TABLES
    found = tuple(table for table in TABLES if table.name == name.upper())
    if not found:
        names = ", ".join(table.name for table in TABLES)
        raise ConfigError(
            f"There is no ablation table {name!r}; choose {names} or all."
        )
    return found
