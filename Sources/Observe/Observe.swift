// Observe: to come.
