"""What a fixed camera sees: motion and left objects from luma pictures. Pure: no I/O, no clock."""
