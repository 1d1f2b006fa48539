"""What a user can mend in the numbers given; every other ValueError is a defect of the program."""


class RangeError(ValueError):
    """A number or a shape that cannot be taken, in one sentence: what, its value, what was expected, and the cure."""
