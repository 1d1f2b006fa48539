"""What runs report of states."""
