"""A whole commune on one machine: broker, centre, gateway and simulated devices as processes."""
