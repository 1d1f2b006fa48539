"""What makes the site's pages and pictures before Sphinx reads them: `python -m docs.making`."""
