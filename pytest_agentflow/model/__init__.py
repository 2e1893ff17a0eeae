"""What a run is: pure data, standard library only."""
