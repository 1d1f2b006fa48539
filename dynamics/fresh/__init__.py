"""Test laws: fresh examples and fresh tasks, without their vectors."""
