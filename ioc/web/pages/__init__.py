"""The pages and the pieces of them that the browser fetches again when something changes."""
