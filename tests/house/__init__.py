"""The house keeps its own rules: arrows, sizes, links, samples, cleanliness."""
