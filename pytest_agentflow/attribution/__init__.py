"""Which stage did it: projections of one requirement over the stage graph."""
