"""The ground floor: clock, chance, names, signing and letters.

Nothing in this folder knows what an account is.
"""
