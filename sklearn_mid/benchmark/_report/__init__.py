"""What a results folder says: tables in every format, plots, and a page."""
