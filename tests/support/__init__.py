"""Helpers of the tests: stand-ins, processes, vectors. No test lives here."""
