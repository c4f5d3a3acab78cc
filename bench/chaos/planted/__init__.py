"""What chaos plants in the portal's own processes: a clock that steps, and faults on purpose."""
