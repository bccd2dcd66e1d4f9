"""What a run is for, as its suite states it: the choice to be made."""
