"""Small real servers and clocks that stand in for the outside world; never mocks of our own code."""
