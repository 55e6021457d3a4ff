"""What a results folder says: tables, plots and pages."""
