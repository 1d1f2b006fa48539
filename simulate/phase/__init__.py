"""Grids of one to three axes, resumable, and the boundaries on them."""
