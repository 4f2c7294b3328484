"""What the centre orders: proven, remembered, carried out, answered."""
