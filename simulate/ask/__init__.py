"""What a caller gives, checked: one function a kind of argument, for Python values and for text as it is typed."""
