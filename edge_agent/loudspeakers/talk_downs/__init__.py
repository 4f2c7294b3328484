"""What the gateway says by itself on seeing something: decided here, without asking the centre."""
