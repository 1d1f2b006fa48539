"""Long work: memory, progress, sweeps over threads, files written whole."""
