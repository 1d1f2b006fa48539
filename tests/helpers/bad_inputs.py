"""Bad inputs as data, as they are typed, and the words that the one sentence about each must hold.

TYPED lines go through both doors: to the command line as they stand, and to the Python function of the same name with
the same texts, and the sentence must be the same.  GRAMMAR lines are the command line's alone.  A row's words stand in
the sentence: first the culprit's name, then what is wrong with it or what would mend it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gammarho as gr

SIZES = "n=4 m=2 d=12"
GRID = "--x lam=0.1:0.2:2 --y sigma_p=0.5:0.6:2 --seeds 1 --steps 2"
_X, _Y = "--x lam=0.1:0.2:2", "--y sigma_p=0.5:0.6:2"

# How a number may be mistyped: as every number is read in one place, each kind is tried at a count and at a real; what
# is particular to an option stands with it below.
_MISTYPED = {
    "": "empty", "five": "five", "nan": "nan", "inf": "inf", "-inf": "-inf", "\uff15": "\uff15", "٣": "\u0663",
    "²": "\xb2",
    "½": "\xbd", "\u22125": "\u2212", "1_0": "1_0", "1e5_0": "1e5_0", "0x10": "0x10", "1j": "1j", "[5]": "[5]",
    "5;6": "5;6",
    "1,5": "1,5", "1.2.3": "1.2.3", "5e": "5e", "e5": "e5", ".": ".", "+": "+", "5%": "5%", "'5'": "'5'",
    "\xa05": "\\xa0", "5\t": "\\t", "5\n": "\\n", "\x005": "\\x00", "1e400": "beyond the largest number, 1.8e308",
    "-1e400": "beyond", "None": "None", "true": "true", "-1": "-1",
}

TYPED: list[tuple[list[str], tuple[str, ...]]] = []
"""Words of the command line, the verb first, and the words of the sentence."""


def _typed(line: str, *said: str) -> None:
    TYPED.append((line.split(" "), said))


for _text, _shown in _MISTYPED.items():
    for _name in ("n", "eta"):
        TYPED.append((["run", "pegr", f"{_name}={_text}", "--steps", "2"], (f"{_name}:", _shown, "expected")))

# Numbers that float64 does not hold, and whole numbers that it does not hold exactly.
_typed("run pegr lam=1e-400 --steps 2", "lam:", "'1e-400' is below the smallest number", "5e-324", "write lam=0 if")
_typed("run pegr lam=0.0e-5e-2 --steps 2", "lam:", "0.0e-5e-2 is not a formula")
_typed("run pegr eta=1e-400 --steps 2", "eta:", "'1e-400' is below the smallest number", "above 0, such as eta=0.02")
_typed("run pegr lam=1e-200*1e-200 --steps 2", "lam:", "1e-200*1e-200 is below the smallest number")
_typed("run pegr lam=exp(-1000) --steps 2", "lam:", "exp(-1000) is below the smallest number", "write lam=0")
_typed("run pegr lam=(1e-5)**100 --steps 2", "lam:", "(1e-5)**100 is below")
_typed("run pegr lam=1e-300/1e300 --steps 2", "lam:", "1e-300/1e300 is below")
_typed("run pegr lam=2*1e-400 --steps 2", "lam:", "2*1e-400 holds 1e-400, which is below")
_typed("run pegr eta=2*1_0 --steps 2", "eta:", "holds 1_0", "write numbers in decimals")
_typed("run pegr eta=2*0x10 --steps 2", "eta:", "holds 0x10")
_typed("run pegr eta=2*\uff15 --steps 2", "eta:", "not ASCII")
_typed("run pegr eta=\uff45xp(1) --steps 2", "eta:", "not ASCII")
_typed("run pegr eta=2* --steps 2", "eta:", "2* is not a formula")
_typed("run pegr eta=1/0 --steps 2", "eta:", "divides by zero")
_typed("run pegr eta=log(-1) --steps 2", "eta:", "logarithm")
_typed("run pegr eta=2^3 --steps 2", "eta:", "write ** for a power")
_typed("run pegr eta=2*eta --steps 2", "eta:", "needs eta")
_typed("run pegr eta=(2).real --steps 2", "eta:", "not arithmetic")
_typed(f"run pegr eta={'(' * 300}1{')' * 300} --steps 2", "eta:", "not a formula")
_typed("run pegr n=9007199254740993 --steps 2", "n:", "'9007199254740993' is beyond 2^53")
_typed("run pegr n=9007199254740993.0 --steps 2", "n:", "beyond 2^53")
_typed("run pegr n=-9007199254740993 --steps 2", "n:", "beyond 2^53")
_typed("run pegr n=20.0000000000000000001 --steps 2", "n:", "20.0000000000000000001", "whole number")
_typed("run pegr n=1e16 --steps 2", "n:", "'1e16' is beyond 2^53")
_typed("run pegr n=1e-400 --steps 2", "n:", "below the smallest number", "whole number of at least 1")
_typed("run pegr n=2*3 --steps 2", "n:", "2*3", "whole number")
_typed(f"run pegr n={'9' * 5000} --steps 2", "n:", "beyond the largest number")
_typed("run pegr n=0 --steps 2", "n:", "at least 1")
_typed("run pegr n=1.5 --steps 2", "n:", "1.5")
_typed("run pegr d=12.5 --steps 2", "d:", "12.5", "whole number")
_typed("run pegr d=0.5 --steps 2", "d:", "0.5")
_typed("run pegr lam_until=-1 --steps 2", "lam_until:", "-1", "leave it out")
_typed("run pegr lam_until=0.5 --steps 2", "lam_until:", "0.5")
_typed("run pegr delta=1.5 --steps 2", "delta:", "at most 1")
_typed("run pegr q=1 --steps 2", "q:", "at least 2")
_typed("run pegr q=2.5 --steps 2", "q:", "2.5")
_typed("run nearly_orthogonal slope=1.01 --steps 2", "slope:", "at most 1")
_typed("run heterogeneous Gamma=0.5 --steps 2", "Gamma:", "at least 1")
_typed("run heterogeneous K=1 --steps 2", "K:", "at least 2")
_typed("run heterogeneous sigma_0=-1 --steps 2", "sigma_0:", "leave it out for 1/sqrt(3*d)")
_typed("run heterogeneous class_sizes=40,-4 --steps 2", "class_sizes:", "40,-4")
_typed("run heterogeneous class_sizes=40,,4 --steps 2", "class_sizes:", "40,,4")
_typed("run heterogeneous class_sizes=4.5,4 --steps 2", "class_sizes:", "4.5,4")
_typed("run heterogeneous class_sizes=\uff14,4 --steps 2", "class_sizes:")
_typed("run heterogeneous K=2 n=4 m=2 d=12 class_sizes=3,3 --steps 2", "class_sizes", "4")
_typed("run heterogeneous K=2 n=4 m=2 d=12 class_sizes=4 --steps 2", "class_sizes", "2")
_typed("run fomaml n=1 n_train=1 n_tasks=2 m=2 d=40 M=3 --steps 2", "n", "2")
_typed("run fomaml J=-1 --steps 2", "J:", "-1")

# Flags, choices and names.
for _word in ("maybe", "2", "-1", "truee", "1.0", "on", ""):
    TYPED.append((["run", "pegr", f"penalty_half={_word}", "--steps", "2"], ("penalty_half:", "true or false")))
for _word, _close in (("median", "mean"), ("Sum", "sum"), ("", "mean, sum"), ("mean,sum", "mean"), ("1", "sum")):
    TYPED.append((["run", "pegr", f"neurons={_word}", "--steps", "2"], ("neurons:", _close)))
_typed("run pegr regularizer=PEGR! --steps 2", "regularizer:", "pegr")
_typed("run heterogeneous noise=gauss --steps 2", "noise:", "gaussian")
_typed("run heterogeneous init=normal --steps 2", "init:", "gaussian, uniform")
_typed("run fomaml method=train_train --steps 2", "method:", "train-train")
_typed("run fomaml activation=relu6 --steps 2", "activation:", "relu")
_typed("run pegr lamda=1 --steps 2", "lamda", "'lam'")
_typed("run pegr N=4 --steps 2", "'N'", "'n'")
_typed("run pegr \uff4e=4 --steps 2", "params:", "not a parameter of pegr")
_typed("run pegr K=3 --steps 2", "'K'", "not a parameter of pegr")
_typed("run nearly_orthogonal lam=1 --steps 2", "'lam'", "not a parameter of nearly_orthogonal")
_typed(f"run pegr {'x' * 3000}=1 --steps 2", "params:", "not a parameter")
_typed("derive pegr lamb=3", "'lamb'", "'lam'")
_typed("derive pegr q=1.5", "q:", "1.5")
_typed("derive heterogeneous K=two", "K:", "two")
_typed("derive pegr --preset nope", "preset:", "nope", "paper, mechanism")

# Settings and presets.
for _word, _close in (
    ("Pegr", "'pegr'"), ("fomal", "'fomaml'"), ("", "pegr, heterogeneous"),
    ("nearly-orthogonal", "'nearly_orthogonal'"),
    ("pegr ", "'pegr'"), ("own.py", "own.py:model"), ("own.py:", "own.py:model"), ("own.py:1", "own.py:model"),
    ("no/own.py:model", "no file"), ("pegr\x00", "pegr"), ("5", "pegr, heterogeneous"),
):
    TYPED.append((["derive", _word], ("setting:", _close)))
for _verb in ("run", "validate", "check", "conditions"):
    TYPED.append(([_verb, "pergr"], ("setting:", "'pegr'")))
    TYPED.append(([_verb, "pegr", "--preset", "Papers"], ("preset:", "Papers", "'paper'")))
    TYPED.append(([_verb, "pegr", "--preset", ""], ("preset:", "empty")))

# Counts among the options: a sign, a fraction, a digit that is not ASCII, nothing, too many.
for _verb, _option in (
    ("run", "steps"), ("run", "seed"), ("run", "seeds"), ("validate", "steps"), ("validate", "seed"),
    ("check", "steps"),
    ("check", "seed"), ("check", "seeds"), ("check", "draws"), ("conditions", "steps"), ("phase", "steps"),
    ("phase", "seed"), ("phase", "seeds"), ("phase", "workers"),
):
    _axes = f"{_X} {_Y}".split(" ") if _verb == "phase" else []
    for _text in ("-1", "1.5", "\uff13", "", "1e300"):
        _said = (f"{_option}:", "beyond" if _text == "1e300" else "whole number")
        TYPED.append(([_verb, "pegr", *_axes, f"--{_option}", _text], _said))
for _verb, _option in (
    ("run", "seeds"), ("check", "seeds"), ("check", "draws"), ("phase", "seeds"), ("phase", "workers"),
):
    _axes = f"{_X} {_Y}".split(" ") if _verb == "phase" else []
    TYPED.append(([_verb, "pegr", *_axes, f"--{_option}", "0"], (f"{_option}:", "at least 1")))
_typed(f"phase pegr {_X} {_Y} --workers 1000000000", "workers:", "1000000000", "at most 1024")

_typed("validate pegr --steps 0", "steps:", "at least 1")

# What run takes besides.
for _word in ("wieghts", "cuda", "", "reduced,weights"):
    TYPED.append((["run", "pegr", "--steps", "2", "--engine", _word], ("engine:", "reduced, weights")))
for _word in ("garm", "", "vector"):
    TYPED.append((["run", "pegr", "--steps", "2", "--sampling", _word], ("sampling:", "vectors, gram")))
for _text, _word in (
    ("every", "'every'"), ("", "empty"), ("0,,1", "empty"), ("0,1,", "empty"), ("0.5", "'0.5'"), ("-1", "-1"),
    ("3", "3"),
    ("0,9", "9"), ("1,0", "increase"), ("1,1", "increase"), ("0,\uff11", "expected"), ("0:2", "'0:2'"),
    ("0 1", "'0 1'"),
    ("ALL", "'ALL'"), ("all,1", "'all'"), ("0,nan", "'nan'"), ("1e300", "beyond"),
):
    TYPED.append((["run", "pegr", "--steps", "2", "--record", _text], ("record:", _word)))
for _text, _word in (
    ("lss", "'loss'"), ("loss,gama", "'gamma'"), ("", "empty"), ("loss,", "'loss,'"), (",", "','"),
    ("loss;gamma", "loss;gamma"),
    ("LOSS", "'loss'"), ("loss gamma", "loss gamma"), ("all", "'all'"),
):
    TYPED.append((["run", "pegr", "--steps", "2", "--observables", _text], ("observables:", _word)))
for _text, _word in (
    ("lss=1", "'loss'"), ("loss=", "empty"), ("loss=low", "'low'"), ("loss=-1", "from 0"),
    ("loss=nan", "'nan'"), ("loss=inf", "'inf'"), ("loss=1e-400", "below the smallest"), ("loss=log(0)", "logarithm"),
    ("T_1=3", "every step"), ("loss=\uff11", "expected"), ("loss=1e400", "beyond"),
    ("margins>=", "'>='"), ("margins>=nan", "nan"), ("gamma:mx>=1", "'max'"), ("gama:max>=1", "'gamma'"),
    ("loss>=-1", "from 0"), ("margins[i=3]>=1", "give margins, or margins:max"),
):
    TYPED.append((["run", "pegr", "--steps", "2", "--until", _text], ("until:", _word)))
    TYPED.append((["phase", "pegr", "--x", "lam=0:0.1:2", "--steps", "2", "--until", _text], ("until:", _word)))
_typed(f"run pegr {SIZES} --steps 2 --engine weights --until loss=0.1", "until:", "engine='reduced'")
_typed(f"run pegr {SIZES} --steps 2 --engine weights --sampling gram", "sampling:", "vectors")
_typed("run pegr n=4 m=2 d=1 --steps 2", "d:", "at least 2")
_typed("run nearly_orthogonal n=4 m=2 d=12 data=orthogonal --steps 2 --sampling gramm", "sampling:", "'gram'")

# Grids.
for _text, *_words in (
    ("", "empty"), ("lam", "name=a:b:n"), ("lam=", "name=a:b:n"), ("lam=0:1", "name=a:b:n"),
    ("lam=0:1:3:4:5", "name=a:b:n"),
    ("lam=0:1:3:lin", "name=a:b:n"), ("lam=0:1:3:", "name=a:b:n"), ("=0:1:3", "not a parameter"),
    ("lamb=0:1:3", "'lam'"),
    ("lam=0:1:0", "at least 2"), ("lam=0:1:1", "at least 2"), ("lam=0:1:2.5", "2.5"), ("lam=0:1:1e9", "at most 100000"),
    ("lam=0:1:\uff13", "whole number"), ("lam=0:1:", "empty"), ("lam=::3", "lam: empty"), ("lam=0:one:3", "lam: 'one'"),
    ("lam=nan:1:3", "lam: 'nan'"), ("lam=0:inf:3", "lam: 'inf'"), ("lam=0:1e400:3", "lam: '1e400' is beyond"),
    ("lam=1e-400:1:3", "lam: '1e-400' is below"), ("lam=-1:1:3", "lam: '-1'"), ("lam=1:1:3", "ends are equal"),
    ("lam=0:1:3:log", "log axis"), ("lam=1:1.0000000000000002:9", "coincide"), ("n=2.5:4:3", "n: '2.5'"),
    ("d=1.5:9:3", "d: '1.5'"), ("neurons=0:1:3", "a choice"), ("penalty_half=0:1:2", "a flag"),
    ("lam_until=none:5:2", "name=a:b:n"), ("lam=1_0:20:2", "lam: '1_0'"), ("lam=0;1;3", "name=a:b:n"),
):
    _named = "x:" if ":" not in _words[0] else ""
    TYPED.append((["phase", "pegr", "--x", _text, *_Y.split(" "), "--steps", "2"], (_named, *_words)))
    if _text in ("", "lam=0:1:1", "lamb=0:1:3", "lam=1:1:3", "neurons=0:1:3"):
        _other = ["--x", "sigma_p=0.5:0.6:2", "--y", _text]
        TYPED.append((["phase", "pegr", *_other, "--steps", "2"], ("y:", *_words)))
_typed(f"phase pegr {_X} --y lam=1:2:2 --steps 2", "x and y:", "lam", "two different parameters")
_typed(f"phase pegr lam=1 {_X} {_Y} --steps 2", "lam:", "also the axis x")
_typed(f"phase pegr {_X} {_Y} --steps 2 --sampling garm", "sampling:", "'gram'")
_typed(f"phase pegr {_X} {_Y} --steps 2 --sampling vectors,gram", "sampling:", "vectors, gram")
for _text, _word in (
    ("", "empty"), ("los", "'loss'"), ("margins:", "max"), ("margins:median", "rule"), ("margins[", "form"),
    ("[i=1]", "form"),
    ("margins[i]", "axis=label"), ("margins:max:min", "form"), ("loss,margins", "margins:max"),
    ("loss,loss", "twice"), ("loss,", "empty"), ("\uff4coss", "not known"),
):
    TYPED.append(([*f"phase pegr {SIZES} {GRID} --observable".split(" "), _text], ("observable:", _word)))
for _text, _word in (
    ("margins", "margins:max"), ("margins[i=9]:max", "i=9"), ("margins[j=1]:max", "'j'"),
    ("loss:max", "leave :max out"),
    ("gamma", "axes"), ("gamma[j=1]", "axes"),
):
    TYPED.append(([*f"phase pegr {SIZES} {GRID} --observable".split(" "), _text], ("observable:", _word)))

# Conditions and statements.
for _text, _word in (
    ("0", "above 0"), ("-1", "above 0"), ("x", "'x'"), ("nan", "'nan'"), ("inf", "'inf'"), ("", "empty"),
    ("\uff11", "expected"),
    ("1e400", "beyond"), ("1e-400", "below"), ("exp(800)", "floating-point"), ("1_0", "'1_0'"),
):
    TYPED.append((["conditions", "pegr", "--constant", _text], ("constant:", _word)))
_typed("conditions heterogeneous alpha=x", "alpha", "x")
_typed("conditions nearly_orthogonal C_prime=0", "C_prime:", "0")
_typed("conditions nearly_orthogonal C_prime=1e-400", "C_prime:", "below the smallest")
_typed("conditions pegr simga_p=1", "'sigma_p'")
_typed("conditions fomaml n=2 n_train=2", "n_train", "2")
_typed("check pegr nonsense --steps 2", "statements:", "'nonsense'", "expected ids")
_typed("check pegr d1 --steps 2", "statements:", "'d1'", "'D1'")
_typed("check pegr D1 E99 --steps 2", "statements:", "'E99'")

GRAMMAR: list[tuple[list[str], tuple[str, ...]]] = [
    (words.split(" "), tuple(said))
    for words, *said in (
        ("rn pegr", "rn", "run"), ("run", "needs a setting"), ("validate", "needs a setting"), ("phase pegr", "--x"),
        ("run pegr --sed 3", "--sed", "--seed"), ("run pegr --seed", "--seed"),
        ("run pegr --seed 1 --seed 2", "--seed"), ("run pegr --json=maybe", "--json", "maybe"), ("run pegr 20", "'20'"),
        ("run pegr =20", "'=20'"), ("run pegr n", "'n'"), ("run pegr n=4 n=5", "n:", "twice"), ("figures", "PAPER"),
        ("run pegr --until loss", "until:", "loss=1e-3"), ("run pegr --until loss=1 --until loss=2", "loss:", "twice"),
        ("run pegr --until =1", "until:"), ("run pegr --until loss>1", "until:", "in quotes"),
        ("derive pegr --latex --kernel", "--latex"),
        ("figures pergr", "paper:", "'pegr'"),
        ("figures pegr fig9", "figure:", "fig9"), ("figures pegr a b", "'b'"), ("errata pger", "paper:", "'pegr'"),
        ("explain pegr-5.9", "id:", "pegr-5.9"), ("explain", "NAME"), ("check", "needs a setting"),
        ("explain nothing", "nothing"),
        ("run pegr --out run.csv", "out:", ".zarr or .nc"), ("run pegr --out run", "out:", ".zarr or .nc"),
        ("run pegr --out no/run.zarr", "out:", "no folder 'no'"), ("run pegr --out ~nobody/run.zarr", "out:", "nobody"),
        (f"run pegr --out {'a' * 300}.zarr", "out:", "too long"), ("run pegr --out a\x00.zarr", "out:"),
        ("run pegr --out a\n.zarr", "out:"), ("run pegr --out \udc80.zarr", "out:"), ("run pegr --out=", "out: empty"),
        (f"phase pegr {_X} {_Y} --out g.txt", "out:", "g.txt"), (f"phase pegr {_X} {_Y} --out .", "out:", "'.'"),
        (f"phase pegr {_X} {_Y} --out no/g.zarr", "out:", "no folder"), ("derive pegr --out .", "out:", "folder"),
        ("derive pegr --out no/r.txt", "out:", "no folder"), ("derive pegr --out=", "out: empty"),
        ("figures pegr --out=", "out: empty"), ("run nearly_orthogonal --classes 0,1", "classes:", "--data"),
        ("run nearly_orthogonal --data-dir x", "data_dir:", "--data"),
        ("run nearly_orthogonal --scaling unit", "scaling:"),
        ("run nearly_orthogonal --data mnist", "classes:", "--classes 0,1"),
        ("run pegr --data mnist --classes 0,1", "data:"),
        ("run nearly_orthogonal --data mnits --classes 0,1", "data:", "'mnist'"),
        ("run nearly_orthogonal --data mnist --classes 0,1 --scaling pixel", "scaling:", "unit, image, global"),
        ("run nearly_orthogonal --data mnist --classes 0,1 --data-dir no", "data_dir:", "no"),
        ("run nearly_orthogonal --data mnist --classes 0,1 --data-dir=", "data_dir: empty"),
    )
]


def to_call(words: list[str]) -> Callable[[], object]:
    """The Python call of the same name with the same texts as a command line."""
    verb, setting, *rest = words
    params: dict[str, str] = {}
    statements: list[str] = []
    options: dict[str, Any] = {}
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            options[word[2:]] = rest.pop(0)
        elif "=" in word:
            name, _, value = word.partition("=")
            params[name] = value
        else:
            statements.append(word)
    if "until" in options:
        name, _, value = options["until"].replace(">=", "=>=").partition("=")
        options["until"] = {name: value}
    if statements:
        options["statements"] = statements
    return lambda: getattr(gr, verb)(setting, params, **options)


def label(words: list[str]) -> str:
    """A row's name in a test's report."""
    return json.dumps(" ".join(words))[1:-1][:90]
