"""What can be said where effects cannot be pooled: directions, p-values, and plots of them."""
