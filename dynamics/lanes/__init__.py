"""Eight numbers at once: what kernels on lanes are written in, compiled and as plain Python."""
