"""The isolation drill: proves on a running installation that customers are never mixed up.

``run.py`` puts it together: customers are made, talk all at once, what they saw and what was stored
is read back and checked, and everything is removed again.
"""
