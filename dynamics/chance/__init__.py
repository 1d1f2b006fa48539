"""Gram matrices, covariances, named streams, and what steps draw."""
