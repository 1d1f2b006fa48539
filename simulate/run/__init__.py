"""The problem and its runs: engines, events, recording, seeds, datasets, estimates."""
