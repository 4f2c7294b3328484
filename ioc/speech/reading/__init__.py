"""Written Vietnamese to spoken Vietnamese: figures, dates, units and abbreviations as words."""
