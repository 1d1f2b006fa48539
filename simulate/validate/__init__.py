"""The two engines compared: steps, trajectories, observables, test laws."""
