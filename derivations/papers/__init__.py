"""The papers as data: model, claims, errata, conditions and statements of each."""
