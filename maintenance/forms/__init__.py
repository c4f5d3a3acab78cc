"""What staff fill in about planned work."""
