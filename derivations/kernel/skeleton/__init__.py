"""What kernels hold word for word: plain functions, which the emitter copies and Numba compiles there."""
