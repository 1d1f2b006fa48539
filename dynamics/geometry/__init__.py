"""Distances, spectra and near-orthogonality, from reduced states."""
