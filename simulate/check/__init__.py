"""Statements held against runs."""
