"""The functions of lanes as plain Python: the text of `functions` on `plain` lanes, without Numba."""

from __future__ import annotations

from pathlib import Path

_TEXT = Path(__file__).with_name("functions.py").read_text(encoding="utf-8")
for _found, _plain in (
    ("from dynamics.lazily import njit\n", ""), ("dynamics.lanes.compiled", "dynamics.lanes.plain"),
    ('njit(error_model="numpy", fastmath=False)', "lambda function: function"),
):
    if _found not in _TEXT:
        raise ImportError(f"functions.py does not hold {_found!r}, which its plain twin replaces")
    _TEXT = _TEXT.replace(_found, _plain)
exec(compile(_TEXT, "<functions of lanes, plain>", "exec"), globals())  # the text is our own
