"""Configs compared by training each several times, and sizes chosen by what that shows."""
