"""Programs that make an ensemble of runs, each the way its author would: `benchmarks.ensembles` measures them."""
