"""The command line's verbs, one module each; every heavy import waits inside the verb that needs it."""
