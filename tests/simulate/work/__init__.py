"""Tests of simulate.work."""
