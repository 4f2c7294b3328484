"""The cameras of this gateway: opened by drivers, watched by the vision child."""
