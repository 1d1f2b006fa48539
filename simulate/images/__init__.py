"""Real images, and influence scores."""
