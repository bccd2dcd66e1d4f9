"""Readers of other evaluation tools' files, one small module each on one shared base
(:mod:`claimbench.importers.gather`).
"""
