"""What a user can mend in a declaration; every other ValueError is a defect of the program."""


class ModelError(ValueError):
    """A declaration that cannot be taken, in one sentence: what, its value, what was expected, and the cure."""
