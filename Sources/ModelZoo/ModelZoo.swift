// ModelZoo: to come.
