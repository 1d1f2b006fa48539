"""Write the site's pages of papers, those of notebooks and its pictures: folders of docs that git ignores."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from derivations.papers.paper import PAPERS
from gammarho import interrupts

from . import notebooks, papers, pictures

DOCS = Path(__file__).parents[1]


def main() -> None:
    """Write them anew, and say what is being done: the statements are held against runs, which takes minutes."""
    for folder in (DOCS / "papers", DOCS / "worked", DOCS / "pictures"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    print("pictures of the idea", flush=True)
    pictures.draw(DOCS / "pictures")
    pictures.of_commands(DOCS / "tutorial.md", DOCS / "pictures")
    made = DOCS / "pictures" / "worked"
    made.mkdir()
    for notebook in notebooks.notebooks():
        print(f"notebook {notebook.name}: its cells are run ...", flush=True)
        page = notebooks.page(notebook, made)
        (DOCS / "worked" / f"{notebook.stem}.md").write_text(page, encoding="utf-8")
    for name in PAPERS:
        began = time.monotonic()
        print(f"page of {name}: equations, conditions, and its statements held against runs ...", flush=True)
        (DOCS / "papers" / f"{name}.md").write_text(papers.page(name), encoding="utf-8")
        papers.copy_drawn(name, DOCS / "pictures")
        print(f"  {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    interrupts.watch()
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(interrupts.told())
