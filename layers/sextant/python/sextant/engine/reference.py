"""The built-in reference system: an illustrative single-zone market, 2026–2045.

It is no real market. Its numbers are round values of the order found in public technology catalogues for Europe (costs,
efficiencies, emission factors of fuels), chosen so that scenarios behave sensibly; docs/model.md, "The reference system",
gives the reasoning for each. A year is 864 representative hours: 12 months × 24 hours × three kinds of day (calm weekday,
windy weekday, weekend), weighted to 8,760 hours.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from sextant.engine.system import FLAT, FloatArray, SystemData, Unit

YEARS = tuple(range(2026, 2046))
PEAK_MW = 8_600.0
LOAD_GROWTH = 0.008
DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
CALM_SHARE_OF_WEEKDAYS = 0.6
CALM_WIND, WINDY_WIND = 0.55, 1.675  # factors on the month's mean; 0.6·0.55 + 0.4·1.675 = 1
LATITUDE = math.radians(48.0)

_WEEKDAY = (
    0.66, 0.63, 0.61, 0.60, 0.61, 0.66, 0.76, 0.88, 0.94, 0.96, 0.97, 0.98,
    0.97, 0.95, 0.93, 0.92, 0.93, 0.97, 1.00, 0.99, 0.94, 0.87, 0.79, 0.71,
)  # fmt: skip
_WEEKEND = (
    0.64, 0.61, 0.58, 0.57, 0.57, 0.58, 0.61, 0.66, 0.73, 0.78, 0.80, 0.81,
    0.80, 0.78, 0.76, 0.75, 0.77, 0.82, 0.86, 0.86, 0.82, 0.77, 0.71, 0.66,
)  # fmt: skip
_MONTH_LOAD = (1.00, 0.98, 0.92, 0.86, 0.82, 0.81, 0.82, 0.81, 0.84, 0.89, 0.95, 0.99)
_MONTH_ONSHORE = (0.34, 0.32, 0.30, 0.25, 0.21, 0.18, 0.17, 0.17, 0.21, 0.26, 0.30, 0.34)
_MONTH_OFFSHORE = (0.53, 0.50, 0.46, 0.39, 0.34, 0.31, 0.30, 0.31, 0.38, 0.45, 0.50, 0.53)
_MONTH_RIVER = (0.45, 0.46, 0.52, 0.60, 0.68, 0.66, 0.58, 0.50, 0.45, 0.43, 0.44, 0.45)
_MONTH_HEAT = (0.95, 0.95, 0.85, 0.65, 0.40, 0.25, 0.20, 0.20, 0.30, 0.55, 0.80, 0.92)


def _solar(month: int, hour: int) -> float:
    """Share of peak power from the sun's height at mid-month and mid-hour, times a mean clearness by season."""
    day = 30.4 * (month - 0.5)
    declination = math.radians(-23.44) * math.cos(2 * math.pi * (day + 10) / 365)
    angle = math.radians(15 * (hour + 0.5 - 12))
    height = math.sin(LATITUDE) * math.sin(declination)
    height += math.cos(LATITUDE) * math.cos(declination) * math.cos(angle)
    clearness = 0.52 - 0.12 * math.cos(2 * math.pi * (month - 7) / 12 + math.pi)
    return round(max(0.0, height) * clearness * 1.05, 6)


def _hours() -> tuple[FloatArray, FloatArray, FloatArray, dict[str, FloatArray]]:
    month, weights, shape = [], [], []
    profiles: dict[str, list[float]] = {
        name: [] for name in ("solar", "onshore", "offshore", "river", "heat")
    }
    for index in range(12):
        weekdays, weekend = DAYS_IN_MONTH[index] * 5 / 7, DAYS_IN_MONTH[index] * 2 / 7
        kinds = (
            (weekdays * CALM_SHARE_OF_WEEKDAYS, CALM_WIND, _WEEKDAY),
            (weekdays * (1 - CALM_SHARE_OF_WEEKDAYS), WINDY_WIND, _WEEKDAY),
            (weekend, 1.0, _WEEKEND),
        )
        for days, wind, day_load in kinds:
            for hour in range(24):
                breeze = 1.0 + 0.06 * math.cos(2 * math.pi * (hour - 15) / 24)
                month.append(index + 1)
                weights.append(days)
                shape.append(_MONTH_LOAD[index] * day_load[hour])
                profiles["solar"].append(_solar(index + 1, hour))
                profiles["onshore"].append(min(0.95, round(_MONTH_ONSHORE[index] * wind * breeze, 6)))
                profiles["offshore"].append(min(0.95, round(_MONTH_OFFSHORE[index] * (0.3 + 0.7 * wind), 6)))
                profiles["river"].append(_MONTH_RIVER[index])
                profiles["heat"].append(_MONTH_HEAT[index])
    arrays = {name: np.array(values) for name, values in profiles.items()}
    arrays[FLAT] = np.ones(len(month))
    return np.array(month), np.array(weights), np.array(shape), arrays


def _thermal(
    name: str,
    technology: str,
    mw: float,
    heat_rate: float,
    years: tuple[int, int | None] = (1990, None),
) -> Unit:
    fuel, variable, fixed, carbon_per_gj, outage, capex, life = {
        "nuclear": ("uranium", 2.5, 110_000.0, 0.0, 0.10, 6_000_000.0, 60),
        "coal": ("coal", 3.5, 45_000.0, 0.0942, 0.13, 1_900_000.0, 40),
        "ccgt": ("gas", 2.0, 25_000.0, 0.0561, 0.07, 850_000.0, 30),
        "ocgt": ("gas", 4.5, 12_000.0, 0.0561, 0.08, 450_000.0, 25),
        "oil_peaker": ("oil", 6.0, 10_000.0, 0.0741, 0.10, 450_000.0, 25),
        "biomass": ("biomass", 4.0, 100_000.0, 0.0, 0.12, 3_000_000.0, 25),
    }[technology]
    return Unit(
        name,
        technology,
        mw,
        fuel=fuel,
        heat_rate=heat_rate,
        variable_cost=variable,
        fixed_cost=fixed,
        emission_factor=round(carbon_per_gj * heat_rate, 6),
        outage_rate=outage,
        capex=capex,
        life_years=life,
        in_year=years[0],
        out_year=years[1],
        renewable=technology == "biomass",
    )


def _weather(
    name: str, technology: str, mw: float, profile: str, years: tuple[int, int | None] = (2010, None)
) -> Unit:
    variable, fixed, outage, capex, life = {
        "solar": (0.5, 11_000.0, 0.02, 600_000.0, 30),
        "onshore_wind": (1.5, 28_000.0, 0.03, 1_250_000.0, 27),
        "offshore_wind": (3.0, 75_000.0, 0.05, 2_900_000.0, 27),
    }[technology]
    return Unit(
        name,
        technology,
        mw,
        variable_cost=variable,
        fixed_cost=fixed,
        outage_rate=outage,
        capex=capex,
        life_years=life,
        in_year=years[0],
        out_year=years[1],
        profile=profile,
        renewable=True,
    )


def _units() -> tuple[Unit, ...]:
    return (
        Unit("River hydro", "run_of_river", 700.0, variable_cost=0.5, fixed_cost=40_000.0, outage_rate=0.03,
             capex=3_500_000.0, life_years=60, profile="river", renewable=True, must_take=True),
        Unit("Waste to energy", "waste", 120.0, variable_cost=6.0, fixed_cost=90_000.0, emission_factor=0.35,
             outage_rate=0.12, capex=5_000_000.0, life_years=30, must_take=True),
        Unit("District heat CHP", "chp", 450.0, fuel="gas", heat_rate=5.2, variable_cost=2.5, fixed_cost=30_000.0,
             emission_factor=0.2917, outage_rate=0.06, capex=1_100_000.0, life_years=30, profile="heat", must_take=True),
        _thermal("Nuclear A", "nuclear", 1_000.0, 10.5, (1988, None)),
        _thermal("Nuclear B", "nuclear", 1_000.0, 10.5, (1991, 2041)),
        _thermal("Coal A", "coal", 600.0, 10.3, (1984, 2030)),
        _thermal("Coal B", "coal", 700.0, 9.4, (1996, 2034)),
        _thermal("Coal C", "coal", 750.0, 8.6, (2012, 2038)),
        _thermal("CCGT A", "ccgt", 420.0, 7.4, (1999, 2036)),
        _thermal("CCGT B", "ccgt", 420.0, 7.2, (2002, None)),
        _thermal("CCGT C", "ccgt", 450.0, 6.9, (2006, None)),
        _thermal("CCGT D", "ccgt", 450.0, 6.7, (2010, None)),
        _thermal("CCGT E", "ccgt", 480.0, 6.4, (2014, None)),
        _thermal("CCGT F", "ccgt", 500.0, 6.1, (2021, None)),
        _thermal("CCGT G", "ccgt", 1_000.0, 6.0, (2034, None)),
        _thermal("CCGT H", "ccgt", 1_000.0, 6.0, (2038, None)),
        _thermal("OCGT A", "ocgt", 200.0, 11.2, (1995, None)),
        _thermal("OCGT B", "ocgt", 200.0, 10.6, (2001, None)),
        _thermal("OCGT C", "ocgt", 250.0, 9.8, (2011, None)),
        _thermal("OCGT D", "ocgt", 700.0, 9.4, (2030, None)),
        _thermal("OCGT E", "ocgt", 600.0, 9.2, (2036, None)),
        _thermal("CCGT I", "ccgt", 1_200.0, 6.0, (2041, None)),
        _thermal("Oil peaker A", "oil_peaker", 150.0, 11.8, (1986, None)),
        _thermal("Oil peaker B", "oil_peaker", 150.0, 12.4, (1982, 2035)),
        _thermal("Biomass A", "biomass", 150.0, 11.0, (2005, None)),
        _thermal("Biomass B", "biomass", 150.0, 10.2, (2013, None)),
        _weather("Onshore wind, first", "onshore_wind", 900.0, "onshore", (2006, 2031)),
        _weather("Onshore wind, second", "onshore_wind", 1_300.0, "onshore", (2014, 2041)),
        _weather("Onshore wind, repowered", "onshore_wind", 1_200.0, "onshore", (2031, None)),
        _weather("Onshore wind, third", "onshore_wind", 1_300.0, "onshore", (2041, None)),
        _weather("Offshore wind A", "offshore_wind", 600.0, "offshore", (2019, None)),
        _weather("Offshore wind B", "offshore_wind", 700.0, "offshore", (2029, None)),
        _weather("Solar, first", "solar", 1_200.0, "solar", (2012, 2042)),
        _weather("Solar, second", "solar", 1_600.0, "solar", (2021, None)),
        _weather("Solar, third", "solar", 1_500.0, "solar", (2030, None)),
        _weather("Solar, fourth", "solar", 1_300.0, "solar", (2042, None)),
        Unit("Import contract", "import", 500.0, variable_cost=105.0, fixed_cost=15_000.0, emission_factor=0.3,
             outage_rate=0.02, in_year=2015),
    )  # fmt: skip


@lru_cache(maxsize=1)
def reference_system() -> SystemData:
    """The reference system; the same object each time."""
    month, weights, shape, profiles = _hours()
    passed = np.arange(len(YEARS), dtype=np.float64)
    units = _units()
    templates = {
        "solar": _weather("solar", "solar", 1.0, "solar"),
        "onshore_wind": _weather("onshore wind", "onshore_wind", 1.0, "onshore"),
        "offshore_wind": _weather("offshore wind", "offshore_wind", 1.0, "offshore"),
        "ccgt": _thermal("ccgt", "ccgt", 1.0, 6.0),
        "ocgt": _thermal("ocgt", "ocgt", 1.0, 9.2),
        "nuclear": _thermal("nuclear", "nuclear", 1.0, 10.4),
        "coal": _thermal("coal", "coal", 1.0, 8.6),
        "biomass": _thermal("biomass", "biomass", 1.0, 10.0),
    }
    return SystemData(
        name="reference",
        version="1",
        price_year=2025,
        years=YEARS,
        month=month.astype(np.int64),
        weights=weights,
        load=PEAK_MW * (1.0 + LOAD_GROWTH) ** passed[:, None] * shape[None, :],
        units=units,
        profiles=profiles,
        fuel_prices={
            "uranium": np.full(len(YEARS), 0.9),
            "coal": np.interp(passed, (0, 9, 19), (3.6, 3.3, 3.1)),
            "gas": np.interp(passed, (0, 4, 19), (9.0, 7.5, 8.2)),
            "oil": np.interp(passed, (0, 19), (15.0, 16.0)),
            "biomass": np.interp(passed, (0, 19), (7.0, 7.2)),
        },
        carbon_price=np.interp(passed, (0, 4, 19), (75.0, 90.0, 150.0)),
        templates=templates,
        build_mix={"onshore_wind": 0.4, "solar": 0.4, "offshore_wind": 0.2},
        value_of_lost_load=10_000.0,
        illustrative=True,
    )
