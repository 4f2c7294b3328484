"""A live stream to samples, in a process of its own: a bad line never disturbs the pacer's beat."""
