"""One draw: examples, tasks, filters, labels, the caller's arrays, images."""
