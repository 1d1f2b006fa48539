"""A picture of any grid that `phase` fills: what is shown, where it stands, and how it is drawn."""
