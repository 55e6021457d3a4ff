"""Suites, plans, runs and results folders.

Knows no machine learning and draws nothing: what a suite names is imported, built by
its signature, and handed from one to the other.
"""
