"""Models by name: the built-in one, and those that installed packages announce.

A package adds a model by an entry point in the group `sextant.models` whose name is the model's name and whose object is a
class or factory without arguments, or an instance, that satisfies `sextant.engine.model.Model`.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from sextant.drivers.errors import ModelInputError
from sextant.drivers.parameters import PLUG_INS
from sextant.engine.merit_order import MeritOrderModel
from sextant.engine.model import Model


class UnknownModelError(ModelInputError):
    """No model of that name is built in or installed."""


def model_named(name: str) -> Model:
    """The model of that name; UnknownModelError lists the names there are."""
    if name == MeritOrderModel.name:
        return MeritOrderModel()
    points = entry_points(group=PLUG_INS, name=name)
    if not points:
        raise UnknownModelError("parameters.model", f"one of {', '.join(model_names())}, not {name!r}")
    loaded = next(iter(points)).load()
    candidate = loaded if not isinstance(loaded, type) and isinstance(loaded, Model) else loaded()
    if not isinstance(candidate, Model):
        raise ModelInputError(
            "parameters.model", f"the plug-in {name!r} is no model: it lacks part of the protocol"
        )
    return candidate


def model_names() -> tuple[str, ...]:
    """The names of all models, the built-in one first."""
    installed = {point.name for point in entry_points(group=PLUG_INS)} - {MeritOrderModel.name}
    return (MeritOrderModel.name, *sorted(installed))
