"""list and describe: which settings there are, and what one of them has."""

from __future__ import annotations

from .shared import Switch


def list_settings(*, json: Switch = False) -> int:
    """List the shipped settings, with a line each.

    Args:
        json: print JSON instead of a table.
    """
    from gammarho import description, report, sections

    listed = description.listed()
    if json:
        print(report.json_of([{"setting": name, "title": title} for name, title in listed]))
        return 0
    note = "gammarho describe SETTING says what one has; a model of your own is file.py:model"
    print(sections.as_text("settings", [sections.Section("", ("", ""), listed, f"\n{note}")]))
    return 0


def describe(setting: str, /, *, json: Switch = False) -> int:
    """Say what a setting has: parameters, presets, observables, events, statements, figures, verbs.

    Args:
        setting: a name such as pegr, or file.py:model.
        json: print JSON instead of tables.
    """
    from gammarho import report
    from gammarho.description import describe as described

    description = described(setting)
    print(report.json_of(description) if json else description)
    return 0
