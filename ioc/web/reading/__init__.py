"""What the store holds, as values a page can show; always within a person's areas, never writes."""
