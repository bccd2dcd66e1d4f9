"""Scorers that judge how an answer was come by, by rules: from sources, and against an attacker."""
