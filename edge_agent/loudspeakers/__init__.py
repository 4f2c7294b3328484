"""The loudspeakers of this gateway, through the player child."""
