"""What clients see: paths, bodies, answers, problems."""
