"""Kernels from their files: loading them, and running them in pieces."""
