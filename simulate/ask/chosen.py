"""What a caller asks for: a setting with the values chosen for it, which are read once for all who need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from derivations.declare import Model, Preset

from ..errors import InputError
from . import parameters, reading, settings
from .parameters import Resolved
from .settings import Setting


@dataclass(frozen=True)
class Chosen:
    """A setting, and what was given over a preset by name, for a `verb`."""

    setting: Setting
    given: Mapping[str, object]
    preset: Preset | None = None
    verb: str = "run"

    @cached_property
    def resolved(self) -> Resolved:
        """The model and the value of every parameter.  Raises InputError as `parameters.resolve`."""
        return parameters.valued(self.built, self.stated, self.given, self.preset, self.verb)

    @cached_property
    def stated(self) -> dict[str, object]:
        """What is given, over the preset."""
        return parameters.over(self.preset, self.given)

    @cached_property
    def built(self) -> Model:
        """The model of the structural values among them, whether or not the others have values yet."""
        return parameters.built(self.setting.factory, self.stated)

    def over(self, given: Mapping[str, object]) -> Chosen:
        """The same setting and preset with other values."""
        return Chosen(self.setting, dict(given), self.preset, self.verb)

    def on(self, initial: object) -> Chosen:
        """The same with as many classes as the caller's arrays have heads, W (H, m, d), where nobody says how many.

        The number of classes is a structural parameter: it selects the model, before the model's arrays are read.
        """
        if not isinstance(initial, Mapping) or self.built.network.head_axis.signed:
            return self
        shape: tuple[int, ...] = tuple(getattr(initial.get("W"), "shape", ()))
        heads = self.built.n_heads
        names = [each.name for each in self.built.parameters if each.structural and each.default == heads]
        if len(shape) != 3 or shape[0] == heads or len(names) != 1 or names[0] in self.stated:
            return self
        return self.over({**self.given, names[0]: int(shape[0])})

    def total_steps(self, steps: int | str | None, low: int = 0) -> int:
        """The number of steps: as given, at least `low`, the preset's, or the setting's first preset's.

        Raises InputError where none says, or `steps` is not such a number.
        """
        if steps is not None:
            return reading.count("steps", steps, low, example=1500)
        presets = (self.preset,) if self.preset else self.setting.presets
        if not presets:
            raise InputError("steps: not given; expected a whole number of gradient steps, such as 1500")
        return presets[0].steps


def choose(
    setting: str | Model | Callable[..., Model] | Setting | Chosen, params: Mapping[str, object] | None = None,
    preset: str | None = None, verb: str = "run",
) -> Chosen:
    """What a caller's words describe: parameters by name over a preset over the published defaults.

    A name that is no parameter may be one of the verb's options.

    Who has chosen already hands that on in the place of the setting, with nothing beside it.

    Raises:
        InputError: for an unknown setting or preset, and values that are no mapping; `Chosen.resolved` reads them.
    """
    if isinstance(setting, Chosen):
        assert not params and preset is None, "what was chosen stands"
        return setting
    declared = settings.resolve(setting)
    return Chosen(declared, parameters.by_name(params), declared.preset(preset), verb)
