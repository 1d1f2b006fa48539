"""Claims and errata, as kinds of data."""
