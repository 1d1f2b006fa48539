"""Collecting tests loads no library that takes seconds; the first use does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOM = "import sys; from tests.helpers.later import Finder; sys.meta_path.insert(0, Finder('decimal')); "
LOADED = "'_decimal' in sys.modules"


@pytest.mark.parametrize(
    ("code", "loads"),
    [
        ("import decimal; import decimal", False),
        ("import decimal; isinstance(decimal, type), getattr(decimal, '__wrapped__', 0)", False),
        ("import decimal; assert decimal.Decimal('1') == 1", True),
        ("from decimal import Decimal; assert Decimal('1') == 1", True),
        ("import decimal; assert type(decimal).__name__ == 'Unread'; decimal.Decimal; "
         "assert type(decimal).__name__ == 'module' and decimal.__spec__.loader is decimal.__loader__", True),
    ],
)
def test_a_module_found_lazily_loads_when_it_is_used(code: str, loads: bool) -> None:
    """The imports alone do not: under Python 3.11 `importlib.util.LazyLoader` fails the first line."""
    subprocess.run([sys.executable, "-c", f"{ROOM}{code}; assert ({LOADED}) is {loads}"], check=True)


THREADS = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from tests.helpers.later import Finder

sys.meta_path.insert(0, Finder("slow"))
import slow

found = []
threads = [threading.Thread(target=lambda: found.append(slow.late)) for _ in range(3)]
[each.start() for each in threads], [each.join(30.0) for each in threads]
from slow import late
assert found == [late] * 3 and slow.times == 1, found
"""


def test_a_thread_that_asks_while_another_loads_waits_for_it(tmp_path: Path) -> None:
    """It had found half a module: `from scipy.special import logsumexp` of a grid's second thread failed."""
    text = "import sys, time\ntimes = sys.slow = getattr(sys, 'slow', 0) + 1\ntime.sleep(0.3)\nlate = object()\n"
    (tmp_path / "slow.py").write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, "-c", THREADS, str(tmp_path)], check=True)


def test_collecting_tests_of_the_weights_loads_no_torch() -> None:
    folders = "['--collect-only', '-q', '-p', 'no:xdist', 'tests/simulate/train', 'tests/settings']"
    code = f"import sys, pytest; assert pytest.main({folders}) == 0; assert 'torch' in sys.modules; "
    code += "assert 'torch._C' not in sys.modules and 'scipy.stats._stats_py' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
