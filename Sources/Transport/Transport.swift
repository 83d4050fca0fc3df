// Transport: to come.
