"""What stands between the steps of an episode: the turns of a simulated user, the results of a
function in place of tools. Planned here; made when a step is due, by :mod:`claimbench.run`.
"""
