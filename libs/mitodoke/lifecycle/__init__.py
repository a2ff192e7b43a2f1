"""What is true of a drive, and what follows from it: pure functions over facts, with no clock and no I/O."""
