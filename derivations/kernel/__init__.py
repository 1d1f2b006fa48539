"""A recursion as a module of explicit loops: stages, nests, time loops, their text."""
