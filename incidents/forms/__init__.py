"""What staff fill in about incidents."""
