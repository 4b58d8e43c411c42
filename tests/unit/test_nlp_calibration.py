"""Which numbers stand for which language."""

from __future__ import annotations

import pytest

from nlp.calibration import ANY, Calibration

CALIBRATION = Calibration({ANY: 1.2, "lt": 0.9}, 0.1, (1.0, 0.0), {"price": 0.4})


@pytest.mark.parametrize(("lang", "temperature"), [("lt", 0.9), ("lv", 1.2), ("und", 1.2), (ANY, 1.2)])
def test_a_language_without_a_temperature_has_that_of_all(lang: str, temperature: float) -> None:
    assert CALIBRATION.temperature_of(lang) == temperature


def test_a_calibration_without_a_temperature_for_all_says_so() -> None:
    with pytest.raises(KeyError, match=ANY):
        Calibration({"lt": 0.9}, 0.1, (1.0, 0.0), {}).temperature_of("lv")
