"""Benchmarks: gammarho beside the programs a practitioner would write; `python -m benchmarks.run` measures them."""
