"""FOMAML with and without a train-validation split: its declaration and what the paper prints, as data."""
