"""Kernels on lanes: eight examples at a time by explicit instructions, many runs in a call."""
