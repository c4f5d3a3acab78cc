"""What agencies' systems ask for, below /api/v1/; accounts.bearer keeps the door."""
