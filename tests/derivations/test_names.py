"""Names of a model's own things: none that every run has, none twice; refused where the Model is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from derivations.declare import Extreme, Flips, Model, SecondLayer, from_plain, to_plain
from derivations.declare.variables import COMMON, FRESH, FRESH_BY_CLASS, FRESH_TASKS
from derivations.errors import ModelError
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.paper import PAPERS
from derivations.papers.pegr.model import model as pegr
from simulate.observe import observables


def coefficient(name: str) -> Model:
    """PEGR with the signal's coefficient under another name."""
    signal, noise = pegr().directions
    named = replace(signal, coefficient=replace(signal.coefficient, name=name))
    kept = tuple(each for each in pegr().observables if getattr(each, "of", "") != "gamma")
    return replace(pegr(), directions=(named, noise), observables=kept, events=pegr().events[1:])


@pytest.mark.parametrize("name", [*COMMON, *FRESH, *FRESH_BY_CLASS, *FRESH_TASKS])
def test_a_coefficient_named_as_a_variable_of_every_run_is_refused(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        coefficient(name)
    assert str(caught.value) == f"coefficient: {name!r} is a variable that every run has; give it another name"


def test_it_used_to_stand_in_for_the_loss_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the refusal, `loss` is asked for once and would be two variables."""
    monkeypatch.setattr("derivations.declare.model.check_names", lambda model: None)
    assert observables.names(coefficient("loss")).count("loss") == 2


def changed(of: Model, **parts: Any) -> Mapping[str, Any]:
    """The declaration as plain data, with other values of its fields."""
    return {**to_plain(of), **{key: to_plain(part) for key, part in parts.items()}}


SEEN = Extreme(name="seen", latex="", of="mu", reduce="max")
(MU, XI), OWN, KINDS = pegr().directions, pegr(), heterogeneous()
CASES = [
    (changed(OWN, directions=(replace(MU, name="loss"), XI)), "family: 'loss' is a variable that every run has"),
    (changed(OWN, observables=(replace(SEEN, name="margins"),), events=()), "observable: 'margins' is a variable"),
    (changed(OWN, events=(replace(OWN.events[1], name="gradient_norm"),)), "event: 'gradient_norm' is a variable"),
    (changed(OWN, events=(replace(OWN.events[1], name="seed"),)), "event: 'seed' is an axis of runs or a word"),
    (changed(OWN, observables=(replace(SEEN, name="yhat"),), events=()), "observable: 'yhat' is an axis of runs or a"),
    (changed(OWN, observables=(SEEN, SEEN), events=()), "observable: 'seen' is declared twice; give each thing"),
    (changed(OWN, events=(OWN.events[1], OWN.events[1])), "event: 'T_2' is declared twice; give each thing"),
    (changed(OWN, observables=(replace(SEEN, name="rho_over"),), events=()),
     "observable: 'rho_over' is declared as observable and as coefficient; give each thing"),
    (changed(OWN, observables=(replace(SEEN, name="xi"),), events=()),
     "observable: 'xi' is declared as observable and as family"),
    (changed(OWN, observables=(SEEN,), events=(replace(OWN.events[1], name="seen"),)),
     "event: 'seen' is declared as event and as observable"),
    (changed(OWN, observables=(SEEN, Flips(name="flips", latex="", last="seen")), events=()),
     "observable: 'seen' is declared twice"),
    (changed(OWN, parameters=(*OWN.parameters, OWN.parameters[0])), "parameter: 'n' is declared twice"),
    (changed(OWN, parameters=(*OWN.parameters, replace(OWN.parameters[0], name="gamma"))),
     "parameter: 'gamma' is declared as parameter and as coefficient"),
    (changed(OWN, network=replace(OWN.network, second_layer=SecondLayer(name="gamma"))),
     "second layer: 'gamma' is declared as second layer and as coefficient"),
    (changed(OWN, directions=(MU, XI, MU)), "family: 'mu' is declared twice; give each thing of a model its own name"),
    (changed(fomaml(), observables=(replace(SEEN, name="nu", of="nu_k"),), events=()),
     "observable: 'nu' is declared as observable and as family"),
    (changed(KINDS, observables=(*KINDS.observables, replace(SEEN, name="q_empty", of="u"))),
     "observable: 'q_empty' is declared twice"),
]


@pytest.mark.parametrize(("plain", "sentence"), CASES, ids=[sentence[:40] for _, sentence in CASES])
def test_a_name_that_is_taken_is_refused_where_the_model_is_made(plain: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        from_plain(plain)
    assert str(caught.value).startswith(sentence)


def test_the_shipped_declarations_keep_their_names() -> None:
    for paper in PAPERS.values():
        names = observables.names(paper.factory())
        assert len(set(names)) == len(names)
