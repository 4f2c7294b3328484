"""The vision child: packets and frames in, findings out; one process per gateway."""
