// ClusterCore: to come.
