from __future__ import annotations

import pytest

from fcot_engine.formats.exported_boxes import safe_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gull", "gull"),
        ("Möwe 3 (Kopie)", "Mowe_3_Kopie"),
        ("../../etc/passwd", "etc_passwd"),
        ("100%", "100"),
        (".hidden", "hidden"),
        ("海鸥", "video"),
        ("", "video"),
        ("x" * 300, "x" * 80),
    ],
)
def test_names_become_safe(name, expected):
    assert safe_name(name) == expected
