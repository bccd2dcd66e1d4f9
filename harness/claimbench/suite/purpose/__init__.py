"""What a run is for, as its suite states it: the choice to be made, and the volume that it is made
for.
"""
