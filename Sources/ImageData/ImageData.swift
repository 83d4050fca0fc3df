// ImageData: to come.
