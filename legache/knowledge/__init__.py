"""What is known: the priors folder, read and validated into plain records."""
