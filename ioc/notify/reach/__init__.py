"""Under which addresses people are reached, and how they want to be told."""
