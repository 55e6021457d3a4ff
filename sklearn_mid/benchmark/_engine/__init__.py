"""Suites, plans, runs and results folders; knows no machine learning."""
