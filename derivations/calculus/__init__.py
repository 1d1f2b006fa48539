"""Symbols with roles, sums and their derivatives, the recursion, canonical forms."""
