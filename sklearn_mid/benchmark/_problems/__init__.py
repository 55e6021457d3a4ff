"""What is asked of a defence, on which data; knows no files."""
