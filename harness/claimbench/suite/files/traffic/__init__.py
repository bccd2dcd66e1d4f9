"""Logs of production traffic -> requests with what they cost and how long they took.

One module per tool; :mod:`claimbench.suite.files.traffic.read` tells them apart by their fields.
Keys, users and addresses that such logs hold are never read.
"""
