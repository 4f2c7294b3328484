"""What the benchmark of the centre is made of."""
