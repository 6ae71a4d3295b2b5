"""Figures: what splitting, submitting, polling and merging cost. How to run them: README.md beside this file."""
