// Collective: to come.
