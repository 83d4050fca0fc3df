// Checkpoint: to come.
