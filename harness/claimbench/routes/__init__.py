"""Routes: arms made from stored records, without a call; what they cost, and what they are set
against.

:mod:`claimbench.routes.make` puts them into the tables, :mod:`claimbench.routes.beside` sets each
beside the best single arm, the random mixture and the oracle. Nothing here decides a claim.
"""
