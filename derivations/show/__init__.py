"""What is shown of a recursion: one loop, two loops, the algorithm's step."""
