"""A theorem's conditions at given values."""
