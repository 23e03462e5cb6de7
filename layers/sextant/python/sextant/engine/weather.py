"""Weather years: the profiles, and what they make of the load, of several years of weather for one baseline.

Each is a whole year: wind, sun, inflow and load of its hours belong together. A run takes them as an ensemble, or one of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sextant.drivers.errors import ModelInputError
from sextant.engine.hours import Calendar, read_profiles
from sextant.engine.system import FLAT, LEAP_HOURS, FloatArray, SystemData, WeatherYear
from sextant.engine.tables import Table

WEATHER_YEAR, LOAD_FACTOR = "weather_year", "load_factor"
MOST_WEATHER_YEARS = 60
MOST_LOAD_FACTOR = 10.0


def read_weather(table: Table, calendar: Calendar) -> tuple[dict[str, FloatArray], tuple[WeatherYear, ...]]:
    """The profiles [H] by name, those of the first weather year where there are several, and the weather years.

    A column `weather_year` says of which year of weather a row is; `load_factor` is by how much that moves the load of the hour.
    """
    if not table.has(WEATHER_YEAR):
        if table.has(LOAD_FACTOR):
            table.wrong(0, LOAD_FACTOR, f"only with {WEATHER_YEAR}")
        return read_profiles(table, calendar), ()
    of_row = table.numbers(WEATHER_YEAR, 1800, 2300, whole=True).astype(np.int64)
    years = sorted(set(of_row.tolist()))
    if len(years) > MOST_WEATHER_YEARS:
        table.wrong(0, WEATHER_YEAR, f"at most {MOST_WEATHER_YEARS} weather years")
        return {FLAT: np.ones(len(calendar.weights))}, ()
    weather = []
    for year in years:
        part = table.part(np.flatnonzero(of_row == year))
        profiles = read_profiles(part, calendar, {WEATHER_YEAR: None, LOAD_FACTOR: MOST_LOAD_FACTOR})
        factor = profiles.pop(LOAD_FACTOR, None)
        weather.append(WeatherYear(year, profiles, factor))
    leap = [str(year) for year in years if np.sum(of_row == year) % LEAP_HOURS == 0]
    if leap and len(calendar.weights) % LEAP_HOURS:
        table.note(
            WEATHER_YEAR,
            "leap_day_left_out",
            f"29 February is left out of {len(leap)} weather years: the load has none",
        )
    return dict(weather[0].profiles), tuple(weather)


def in_weather(system: SystemData, year: int) -> SystemData:
    """The system in one of its weather years."""
    for weather in system.weather:
        if weather.year == year:
            load = system.load if weather.load_factor is None else system.load * weather.load_factor
            return replace(system, profiles=weather.profiles, load=load, weather=())
    raise ModelInputError("parameters.weather_year", f"a weather year of the baseline, not {year}")
