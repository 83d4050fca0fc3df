// Hypernet: to come.
