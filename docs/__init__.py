"""The site: pages, and what makes them."""
