"""Grids of two parameters, resumable."""
