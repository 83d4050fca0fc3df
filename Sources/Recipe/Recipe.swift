// Recipe: to come.
