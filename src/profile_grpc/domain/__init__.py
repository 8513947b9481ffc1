"""The rules of app profiles: pure functions over frozen data, standard library only, no clock, no I/O.

Rule ids (R1, H3, F2, …) are those of docs/rules.md.
"""
