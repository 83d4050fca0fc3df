// Training: to come.
