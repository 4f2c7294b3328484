"""What a fixed camera's pictures consist of: background, light, figures, motion. Pure: no clock."""
