"""Models of counts for rare events: they need no correction of zero cells, and no variance of a study on its own."""
